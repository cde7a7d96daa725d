using System.Buffers;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache;

/// <summary>
/// Optimistic concurrency. Datastore's base version is what a version stands for, and Datastore decides, so one that was read from memcached is good for a first attempt. Without Datastore it is
/// memcached's own compare-and-set.
/// </summary>
public sealed partial class CascadeDistributedCache
{
    /// <inheritdoc/>
    public VersionedValue GetVersioned(string key)
    {
        using FoundValue found = Find(KeyOf(key));
        return ToVersioned(found);
    }

    /// <inheritdoc/>
    public async ValueTask<VersionedValue> GetVersionedAsync(string key, CancellationToken token = default)
    {
        using FoundValue found = await FindAsync(KeyOf(key), token).ConfigureAwait(false);
        return ToVersioned(found);
    }

    /// <inheritdoc/>
    public CacheVersion? TrySet(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options) =>
        Complete(TryStoreAsync(key, value, expected, options, CallContext.Sync));

    /// <inheritdoc/>
    public ValueTask<CacheVersion?> TrySetAsync(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        TryStoreAsync(key, value, expected, options, CallContext.Async(token));

    /// <inheritdoc/>
    public bool TryRemove(string key, CacheVersion expected)
    {
        if (!expected.Exists)
        {
            using FoundValue found = Find(KeyOf(key));
            return !found.Exists;
        }

        return Complete(TryDiscardAsync(KeyOf(key), expected, CallContext.Sync));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryRemoveAsync(string key, CacheVersion expected, CancellationToken token = default)
    {
        if (!expected.Exists)
        {
            using FoundValue found = await FindAsync(KeyOf(key), token).ConfigureAwait(false);
            return !found.Exists;
        }

        return await TryDiscardAsync(KeyOf(key), expected, CallContext.Async(token)).ConfigureAwait(false);
    }

    private static VersionedValue ToVersioned(in FoundValue found) => new(found.Exists ? found.Payload.ToArray() : null, found.Version);

    private async ValueTask<CacheVersion?> TryStoreAsync(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options, CallContext call)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(options);
        CacheKey cacheKey = KeyOf(key);
        EntryLifetime lifetime = EntryLifetime.FromOptions(options, _time.GetUtcNow(), _options.DefaultSlidingExpiration);
        CacheVersion? version = null;
        await RunAsync(
            "CascadeCache.TrySet",
            async (flow, c) => version = await flow.TrySetAsync(cacheKey, new ReadOnlySequence<byte>(value), lifetime, expected, c).ConfigureAwait(false),
            _parts.Flow,
            call).ConfigureAwait(false);
        return version;
    }

    private async ValueTask<bool> TryDiscardAsync(CacheKey key, CacheVersion expected, CallContext call)
    {
        bool isRemoved = false;
        await RunAsync(
            "CascadeCache.TryRemove",
            async (flow, c) => isRemoved = await flow.TryRemoveAsync(key, expected, c).ConfigureAwait(false),
            _parts.Flow,
            call).ConfigureAwait(false);
        return isRemoved;
    }
}
