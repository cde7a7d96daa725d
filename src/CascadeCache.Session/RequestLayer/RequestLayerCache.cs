using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session;

/// <summary>
/// A cache with a copy per request over it. Finds the request at every call and keeps only its copies over an await; outside of a request, and for a key that is not selected, it passes every call
/// on. Which answers may become copies is the business of <see cref="RequestCopies"/>. Owns nothing but the copies; safe for use by any thread.
/// </summary>
/// <param name="cache">The cache below; also an <see cref="IBufferDistributedCache"/> and an <see cref="IVersionedDistributedCache"/>.</param>
/// <param name="requests">The copies of the current request.</param>
/// <param name="selection">Which keys have copies.</param>
internal sealed partial class RequestLayerCache(IDistributedCache cache, RequestItems<RequestCopies> requests, KeySelection selection)
    : IDistributedCache, IBufferDistributedCache, IVersionedDistributedCache, IDistributedCacheWrapper
{
    private readonly IBufferDistributedCache _buffers = (IBufferDistributedCache)cache;
    private readonly IVersionedDistributedCache _versions = (IVersionedDistributedCache)cache;

    public IDistributedCache Inner => cache;

    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default) => CopiesFor(key) is { } copies
        ? copies.Cloned(await FindAsync(copies, key, token).ConfigureAwait(false))
        : await cache.GetAsync(key, token).ConfigureAwait(false);

    public async Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (CopiesFor(key) is { } copies)
        {
            await StoreAsync(copies, key, copies.Cloned(value)!, options, token).ConfigureAwait(false);
        }
        else
        {
            await cache.SetAsync(key, value, options, token).ConfigureAwait(false);
        }
    }

    // The copy says nothing of the entry's sliding expiration: it can be in use while the entry runs out below.
    public Task RefreshAsync(string key, CancellationToken token = default) => cache.RefreshAsync(key, token);

    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        if (CopiesFor(key) is not { } copies)
        {
            await cache.RemoveAsync(key, token).ConfigureAwait(false);
            return;
        }

        using var write = new CopyWrite(copies, key);
        await cache.RemoveAsync(key, token).ConfigureAwait(false);
        write.Done(null);
    }

    async ValueTask<bool> IBufferDistributedCache.TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return CopiesFor(key) is { } copies
            ? TryWrite(await FindAsync(copies, key, token).ConfigureAwait(false), destination)
            : await _buffers.TryGetAsync(key, destination, token).ConfigureAwait(false);
    }

    // The caller's memory may be another's as soon as the call has completed: what becomes the copy is taken from it before.
    async ValueTask IBufferDistributedCache.SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token)
    {
        if (CopiesFor(key) is { } copies)
        {
            await StoreAsync(copies, key, value.ToArray(), options, token).ConfigureAwait(false);
        }
        else
        {
            await _buffers.SetAsync(key, value, options, token).ConfigureAwait(false);
        }
    }

    // Always from the cache: whoever asks for a version wants to write against the newest, most of all after a conflict.
    public async ValueTask<VersionedValue> GetVersionedAsync(string key, CancellationToken token = default)
    {
        if (CopiesFor(key) is not { } copies)
        {
            return await _versions.GetVersionedAsync(key, token).ConfigureAwait(false);
        }

        long stamp = copies.BeginFreshRead(key);
        VersionedValue found = await _versions.GetVersionedAsync(key, token).ConfigureAwait(false);
        copies.EndFreshRead(key, stamp, copies.Cloned(found.Value));
        return found;
    }

    public async ValueTask<CacheVersion?> TrySetAsync(
        string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (CopiesFor(key) is not { } copies)
        {
            return await _versions.TrySetAsync(key, value, expected, options, token).ConfigureAwait(false);
        }

        byte[] copy = copies.Cloned(value)!;
        using var write = new CopyWrite(copies, key);
        CacheVersion? version = await _versions.TrySetAsync(key, copy, expected, options, token).ConfigureAwait(false);
        if (version is not null)
        {
            write.Done(copy);
        }

        return version;
    }

    public async ValueTask<bool> TryRemoveAsync(string key, CacheVersion expected, CancellationToken token = default)
    {
        if (CopiesFor(key) is not { } copies)
        {
            return await _versions.TryRemoveAsync(key, expected, token).ConfigureAwait(false);
        }

        using var write = new CopyWrite(copies, key);
        bool isGone = await _versions.TryRemoveAsync(key, expected, token).ConfigureAwait(false);
        if (isGone)
        {
            write.Done(null);
        }

        return isGone;
    }

    private async ValueTask<byte[]?> FindAsync(RequestCopies copies, string key, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        return copies.TryFind(key, out byte[]? known, out long stamp)
            ? known
            : copies.EndRead(key, stamp, await cache.GetAsync(key, token).ConfigureAwait(false));
    }

    // The cache gets the array that becomes the copy: whatever the caller does to its own meanwhile, both hold the same.
    private async ValueTask StoreAsync(RequestCopies copies, string key, byte[] copy, DistributedCacheEntryOptions options, CancellationToken token)
    {
        using var write = new CopyWrite(copies, key);
        await cache.SetAsync(key, copy, options, token).ConfigureAwait(false);
        write.Done(copy);
    }

    private RequestCopies? CopiesFor(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return requests.Current is { } copies && selection.Selects(key) ? copies : null;
    }

    private static bool TryWrite(byte[]? value, IBufferWriter<byte> destination)
    {
        if (value is not null)
        {
            destination.Write(value);
        }

        return value is not null;
    }
}
