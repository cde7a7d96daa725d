using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session;

/// <summary>
/// The request tier alone: values live in the request and nowhere else, for its length and no longer, whatever their expiration. Outside of a request every call goes to the cache below, which
/// has no tier and throws. Nothing here waits, so the asynchronous half has always completed when it returns.
/// </summary>
/// <param name="cache">The cache below; also an <see cref="IBufferDistributedCache"/> and an <see cref="IVersionedDistributedCache"/>.</param>
/// <param name="requests">The entries of the current request.</param>
/// <param name="time">The clock.</param>
internal sealed partial class RequestOnlyCache(IDistributedCache cache, RequestItems<RequestEntries> requests, TimeProvider time)
    : IDistributedCache, IBufferDistributedCache, IVersionedDistributedCache
{
    private readonly IBufferDistributedCache _buffers = (IBufferDistributedCache)cache;
    private readonly IVersionedDistributedCache _versions = (IVersionedDistributedCache)cache;

    // One for all requests: a version that was read in an earlier request must not fit an entry of this one by chance.
    private long _lastVersion;

    public byte[]? Get(string key) => EntriesFor(key) is { } entries ? (byte[]?)entries.Find(key).Value?.Clone() : cache.Get(key);

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (EntriesFor(key) is { } entries)
        {
            Check(options);
            entries.Put(key, (byte[])value.Clone(), NextVersion());
        }
        else
        {
            cache.Set(key, value, options);
        }
    }

    public void Refresh(string key)
    {
        if (EntriesFor(key) is null)
        {
            cache.Refresh(key);
        }
    }

    public void Remove(string key)
    {
        if (EntriesFor(key) is { } entries)
        {
            entries.Put(key, null, NextVersion());
        }
        else
        {
            cache.Remove(key);
        }
    }

    bool IBufferDistributedCache.TryGet(string key, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (EntriesFor(key) is not { } entries)
        {
            return _buffers.TryGet(key, destination);
        }

        byte[]? value = entries.Find(key).Value;
        if (value is not null)
        {
            destination.Write(value);
        }

        return value is not null;
    }

    void IBufferDistributedCache.Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        if (EntriesFor(key) is { } entries)
        {
            Check(options);
            entries.Put(key, value.ToArray(), NextVersion());
        }
        else
        {
            _buffers.Set(key, value, options);
        }
    }

    public VersionedValue GetVersioned(string key)
    {
        if (EntriesFor(key) is not { } entries)
        {
            return _versions.GetVersioned(key);
        }

        (byte[]? value, long? version) = entries.Find(key);
        return new VersionedValue((byte[]?)value?.Clone(), version is { } number ? new CacheVersion(number) : CacheVersion.Absent);
    }

    public CacheVersion? TrySet(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (EntriesFor(key) is not { } entries)
        {
            return _versions.TrySet(key, value, expected, options);
        }

        Check(options);
        long version = NextVersion();
        return entries.TryPut(key, (byte[])value.Clone(), version, NumberOf(expected)) ? new CacheVersion(version) : null;
    }

    public bool TryRemove(string key, CacheVersion expected) => EntriesFor(key) is { } entries
        ? entries.TryPut(key, null, NextVersion(), NumberOf(expected))
        : _versions.TryRemove(key, expected);

    private RequestEntries? EntriesFor(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return requests.Current;
    }

    // What the tiers would refuse is refused here too: a change of Backends must not be what finds the mistake.
    private void Check(DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.AbsoluteExpirationRelativeToNow is null && options.AbsoluteExpiration is { } date && date <= time.GetUtcNow())
        {
            throw new ArgumentOutOfRangeException(nameof(options), date, "The absolute expiration must be in the future.");
        }
    }

    private long NextVersion() => Interlocked.Increment(ref _lastVersion);

    private static long? NumberOf(CacheVersion version) => version.Exists ? version.Number : null;
}
