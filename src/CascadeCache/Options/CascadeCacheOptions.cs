using Microsoft.AspNetCore.DataProtection;

namespace CascadeCache;

/// <summary>The settings of one cache. Bad ones fail at start-up, every fault listed.</summary>
public sealed class CascadeCacheOptions
{
    /// <summary>The tiers in use. Default <see cref="CascadeBackends.Distributed"/>.</summary>
    public CascadeBackends Backends { get; set; } = CascadeBackends.Distributed;

    /// <summary>
    /// What every key begins with, in both tiers. Default "session.". Caches that share a memcached server or a Datastore kind must have
    /// different prefixes, unless they are to share their entries.
    /// </summary>
    public string KeyPrefix { get; set; } = "session.";

    /// <summary>
    /// The largest value, in bytes, that is put into memcached; a larger one is kept in Datastore only. Default: the environment variable
    /// <c>MaxMemcacheSessionSizeBytes</c>, else 1,048,576. Zero or less: no limit of our own. The effective limit is never above what the server
    /// itself can hold (its item size limit less the overhead).
    /// </summary>
    public long MaxMemcacheSessionSizeBytes
    {
        get => MaxMemcacheSessionSizeBytesIn(Environment.GetEnvironmentVariable);
        set => _maxMemcacheSessionSizeBytes = value;
    }

    /// <summary>
    /// The largest value, in bytes, that may be stored at all; a larger one throws <see cref="CascadeValueTooLargeException"/>. Default 0: whatever
    /// the durable tier can hold.
    /// </summary>
    public long MaxValueBytes { get; set; }

    /// <summary>
    /// Values of at least so many bytes are compressed (Brotli) before they are stored, if that makes them smaller by at least a sixteenth; others are stored as they are. Default 0: none.
    /// The limits above then mean what is stored. Every server that reads the entries must run a version that can decompress them, with whatever setting of its own.
    /// </summary>
    public long CompressionThresholdBytes { get; set; }

    /// <summary>
    /// Whether what is put into memcached is encrypted and authenticated, each item for its key alone, so that somebody who can write to a memcached server cannot forge values or swap those of
    /// different keys; what was tampered with is rejected, counted and repaired from Datastore. Default false. Needs Data Protection (<c>AddDataProtection()</c>, which <c>AddSession()</c> calls) with a
    /// key ring that all servers share. With memcached alone an older item of the same key can be put back until it expires, with Datastore for at most <see cref="MaxStaleness"/>.
    /// </summary>
    public bool ProtectValues { get; set; }

    /// <summary>
    /// The Data Protection to use for <see cref="ProtectValues"/>. Default null: the one that is registered in the container; a cache that is made without a container has no other. It is asked
    /// rarely, but on the thread that needs it.
    /// </summary>
    public IDataProtectionProvider? DataProtection { get; set; }

    /// <summary>The sliding expiration of an entry that is stored without any expiration. Default 20 minutes.</summary>
    public TimeSpan DefaultSlidingExpiration { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>
    /// The longest time that a copy stays in memcached without being checked against Datastore. Default 1 h, at least 1 s. It bounds what other
    /// processes may see after a write that could not reach memcached (<see cref="CascadeConsistency.Available"/>).
    /// </summary>
    public TimeSpan MaxStaleness { get; set; } = TimeSpan.FromHours(1);

    /// <summary>What a write does when memcached cannot be reached. Default <see cref="CascadeConsistency.Available"/>.</summary>
    public CascadeConsistency Consistency { get; set; } = CascadeConsistency.Available;

    /// <summary>
    /// How much longer than its window a sliding entry may live in memcached, as a part of the window. Default 1/16: an access rewrites the
    /// memcached copy at most once per sixteenth of the window. 0: exact, at the cost of a rewrite per access. 0 to 1.
    /// </summary>
    public double MemcacheSlidingSlack { get; set; } = 1.0 / 16;

    /// <summary>
    /// How much longer than its window a sliding entry may live when only Datastore holds it, as a part of the window. Default 1/4: an entry
    /// in constant use costs one small Datastore write per quarter of its window. 0: exact, at the cost of a write per access. 0 to 1.
    /// </summary>
    public double DatastoreSlidingSlack { get; set; } = 1.0 / 4;

    /// <summary>The memcached servers.</summary>
    public MemcacheOptions Memcache { get; } = new();

    /// <summary>The Datastore database.</summary>
    public DatastoreOptions Datastore { get; } = new();

    /// <summary>Retries, circuit breakers and total time-outs, per tier.</summary>
    public ResilienceOptions Resilience { get; } = new();

    internal const long DefaultMaxMemcacheSessionSizeBytes = 1_048_576;

    /// <summary>Whether the environment variable does not count because the option was set.</summary>
    internal bool IsMaxMemcacheSessionSizeSet => _maxMemcacheSessionSizeBytes is not null;

    /// <summary><see cref="MaxMemcacheSessionSizeBytes"/> as it is in a given environment, the one that was checked at the start.</summary>
    internal long MaxMemcacheSessionSizeBytesIn(Func<string, string?> environment) =>
        _maxMemcacheSessionSizeBytes
        ?? CascadeEnvironment.ReadMaxMemcacheSessionSizeBytes(environment, out _)
        ?? DefaultMaxMemcacheSessionSizeBytes;

    private long? _maxMemcacheSessionSizeBytes;
}
