using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>A versioned store in memory with sliding expirations, shared by the caches of several instances. Any thread.</summary>
internal sealed class FakeStore(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = [];
    private long _lastVersion;

    /// <summary>Whether an entry whose life is extended gets another version, as where the expiration is a field of the stored entity.</summary>
    public bool SlidesChangeVersions { get; init; }

    public IReadOnlyList<string> Keys
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries.Keys];
            }
        }
    }

    public VersionedValue Read(string key)
    {
        lock (_gate)
        {
            Slide(key);
            return _entries.TryGetValue(key, out Entry? entry) ? new VersionedValue([.. entry.Value], new CacheVersion(entry.Version)) : default;
        }
    }

    /// <summary>What is stored, without extending its life.</summary>
    public byte[]? Peek(string key)
    {
        lock (_gate)
        {
            return _entries.GetValueOrDefault(key)?.Value;
        }
    }

    /// <summary>Writes if the version stands, or whatever is stored if none is given.</summary>
    public CacheVersion? Write(string key, byte[] value, CacheVersion? expected, TimeSpan sliding)
    {
        lock (_gate)
        {
            Expire(key);
            CacheVersion current = _entries.TryGetValue(key, out Entry? entry) ? new CacheVersion(entry.Version) : CacheVersion.Absent;
            if (expected is { } version && version != current)
            {
                return null;
            }

            _entries[key] = new Entry([.. value], ++_lastVersion, sliding, time.GetUtcNow() + sliding);
            return new CacheVersion(_lastVersion);
        }
    }

    public void Slide(string key)
    {
        lock (_gate)
        {
            Expire(key);
            if (_entries.TryGetValue(key, out Entry? entry))
            {
                _entries[key] = entry with { Expires = time.GetUtcNow() + entry.Sliding, Version = SlidesChangeVersions ? ++_lastVersion : entry.Version };
            }
        }
    }

    public void Remove(string key)
    {
        lock (_gate)
        {
            _entries.Remove(key);
        }
    }

    public static TimeSpan SlidingOf(DistributedCacheEntryOptions options) => options.SlidingExpiration ?? throw new InvalidOperationException("A session is stored with a sliding expiration.");

    private void Expire(string key)
    {
        if (_entries.TryGetValue(key, out Entry? entry) && entry.Expires <= time.GetUtcNow())
        {
            _entries.Remove(key);
        }
    }

    private sealed record Entry(byte[] Value, long Version, TimeSpan Sliding, DateTimeOffset Expires);
}
