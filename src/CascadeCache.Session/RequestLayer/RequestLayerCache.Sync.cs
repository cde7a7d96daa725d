using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session;

/// <summary>The blocking half: as the other, over the blocking half of the cache below.</summary>
internal sealed partial class RequestLayerCache
{
    public byte[]? Get(string key) => CopiesFor(key) is { } copies ? copies.Cloned(Find(copies, key)) : cache.Get(key);

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (CopiesFor(key) is { } copies)
        {
            Store(copies, key, copies.Cloned(value)!, options);
        }
        else
        {
            cache.Set(key, value, options);
        }
    }

    public void Refresh(string key) => cache.Refresh(key);

    public void Remove(string key)
    {
        if (CopiesFor(key) is not { } copies)
        {
            cache.Remove(key);
            return;
        }

        using var write = new CopyWrite(copies, key);
        cache.Remove(key);
        write.Done(null);
    }

    bool IBufferDistributedCache.TryGet(string key, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return CopiesFor(key) is { } copies ? TryWrite(Find(copies, key), destination) : _buffers.TryGet(key, destination);
    }

    void IBufferDistributedCache.Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        if (CopiesFor(key) is { } copies)
        {
            Store(copies, key, value.ToArray(), options);
        }
        else
        {
            _buffers.Set(key, value, options);
        }
    }

    public VersionedValue GetVersioned(string key)
    {
        if (CopiesFor(key) is not { } copies)
        {
            return _versions.GetVersioned(key);
        }

        long stamp = copies.BeginFreshRead(key);
        VersionedValue found = _versions.GetVersioned(key);
        copies.EndFreshRead(key, stamp, copies.Cloned(found.Value));
        return found;
    }

    public CacheVersion? TrySet(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (CopiesFor(key) is not { } copies)
        {
            return _versions.TrySet(key, value, expected, options);
        }

        byte[] copy = copies.Cloned(value)!;
        using var write = new CopyWrite(copies, key);
        CacheVersion? version = _versions.TrySet(key, copy, expected, options);
        if (version is not null)
        {
            write.Done(copy);
        }

        return version;
    }

    public bool TryRemove(string key, CacheVersion expected)
    {
        if (CopiesFor(key) is not { } copies)
        {
            return _versions.TryRemove(key, expected);
        }

        using var write = new CopyWrite(copies, key);
        bool isGone = _versions.TryRemove(key, expected);
        if (isGone)
        {
            write.Done(null);
        }

        return isGone;
    }

    private byte[]? Find(RequestCopies copies, string key) =>
        copies.TryFind(key, out byte[]? known, out long stamp) ? known : copies.EndRead(key, stamp, cache.Get(key));

    private void Store(RequestCopies copies, string key, byte[] copy, DistributedCacheEntryOptions options)
    {
        using var write = new CopyWrite(copies, key);
        cache.Set(key, copy, options);
        write.Done(copy);
    }
}
