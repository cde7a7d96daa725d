using System.Buffers;
using CascadeCache.Entries;
using CascadeCache.Primitives;

namespace CascadeCache.Flow;

/// <summary>
/// No tier at all: <see cref="CascadeBackends.Request"/> alone. Within a request the request layer answers and does not come here; what does come was called outside of a request, or past the
/// layer. It fails, since a missing value would be a lie: a value may well have been stored.
/// </summary>
internal sealed class NoTierFlow(BackgroundWork background) : ICacheFlow, IAsyncDisposable
{
    public ValueTask<FoundValue> GetAsync(CacheKey key, CallContext call) => ValueTask.FromException<FoundValue>(Unavailable());

    public ValueTask SetAsync(CacheKey key, ReadOnlySequence<byte> payload, EntryLifetime lifetime, CallContext call) => ValueTask.FromException(Unavailable());

    public ValueTask RefreshAsync(CacheKey key, CallContext call) => ValueTask.FromException(Unavailable());

    public ValueTask RemoveAsync(CacheKey key, CallContext call) => ValueTask.FromException(Unavailable());

    public ValueTask<CacheVersion?> TrySetAsync(CacheKey key, ReadOnlySequence<byte> payload, EntryLifetime lifetime, CacheVersion expected, CallContext call) =>
        ValueTask.FromException<CacheVersion?>(Unavailable());

    public ValueTask<bool> TryRemoveAsync(CacheKey key, CacheVersion expected, CallContext call) => ValueTask.FromException<bool>(Unavailable());

    public ValueTask DisposeAsync() => background.DisposeAsync();

    private static CascadeUnavailableException Unavailable() =>
        new("Backends is Request alone: values are held for the length of a request only, and this call was made outside of a request, or to the cache beneath its request layer.");
}
