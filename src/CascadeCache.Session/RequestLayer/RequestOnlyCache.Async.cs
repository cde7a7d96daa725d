using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session;

/// <summary>The asynchronous half. Within a request it is the other half; outside of one the cache below says that it has no tier.</summary>
internal sealed partial class RequestOnlyCache
{
    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default) =>
        IsWithin(key, token) ? Get(key) : await cache.GetAsync(key, token).ConfigureAwait(false);

    public async Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        if (IsWithin(key, token))
        {
            Set(key, value, options);
        }
        else
        {
            await cache.SetAsync(key, value, options, token).ConfigureAwait(false);
        }
    }

    public async Task RefreshAsync(string key, CancellationToken token = default)
    {
        if (!IsWithin(key, token))
        {
            await cache.RefreshAsync(key, token).ConfigureAwait(false);
        }
    }

    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        if (IsWithin(key, token))
        {
            Remove(key);
        }
        else
        {
            await cache.RemoveAsync(key, token).ConfigureAwait(false);
        }
    }

    async ValueTask<bool> IBufferDistributedCache.TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token) => IsWithin(key, token)
        ? ((IBufferDistributedCache)this).TryGet(key, destination)
        : await _buffers.TryGetAsync(key, destination, token).ConfigureAwait(false);

    async ValueTask IBufferDistributedCache.SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token)
    {
        if (IsWithin(key, token))
        {
            ((IBufferDistributedCache)this).Set(key, value, options);
        }
        else
        {
            await _buffers.SetAsync(key, value, options, token).ConfigureAwait(false);
        }
    }

    public async ValueTask<VersionedValue> GetVersionedAsync(string key, CancellationToken token = default) =>
        IsWithin(key, token) ? GetVersioned(key) : await _versions.GetVersionedAsync(key, token).ConfigureAwait(false);

    public async ValueTask<CacheVersion?> TrySetAsync(
        string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options, CancellationToken token = default) => IsWithin(key, token)
            ? TrySet(key, value, expected, options)
            : await _versions.TrySetAsync(key, value, expected, options, token).ConfigureAwait(false);

    public async ValueTask<bool> TryRemoveAsync(string key, CacheVersion expected, CancellationToken token = default) =>
        IsWithin(key, token) ? TryRemove(key, expected) : await _versions.TryRemoveAsync(key, expected, token).ConfigureAwait(false);

    private bool IsWithin(string key, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        return EntriesFor(key) is not null;
    }
}
