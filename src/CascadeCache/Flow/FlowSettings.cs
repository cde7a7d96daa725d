namespace CascadeCache.Flow;

/// <summary>The numbers that the flow works with, derived once from the options.</summary>
internal sealed class FlowSettings
{
    /// <summary>How long a reader's right to fill lasts on the server; longer than a read of the durable tier normally takes.</summary>
    public const int LeaseSeconds = 10;

    /// <summary>How long memcached remembers that the durable tier has no such key.</summary>
    public static readonly TimeSpan AbsentLifetime = TimeSpan.FromSeconds(60);

    // Covers the two round trips between a lock's start and its commit, and the whole seconds that locks are counted in.
    private static readonly TimeSpan LockMargin = TimeSpan.FromSeconds(1);

    public FlowSettings(CascadeCacheOptions options, TimeSpan writeDeadline, Func<string, string?>? environment = null)
    {
        long maxMemcacheBytes = options.MaxMemcacheSessionSizeBytesIn(environment ?? Environment.GetEnvironmentVariable);
        MaxMemcacheBytes = maxMemcacheBytes <= 0 ? long.MaxValue : maxMemcacheBytes;
        MaxValueBytes = options.MaxValueBytes <= 0 ? long.MaxValue : options.MaxValueBytes;
        CompressionThresholdBytes = options.CompressionThresholdBytes;
        MaxStaleness = options.MaxStaleness;
        MemcacheTime = options.Resilience.Memcache.TotalTimeout;
        IsStrict = options.Consistency == CascadeConsistency.Strict;
        MemcacheSlack = options.MemcacheSlidingSlack;
        DatastoreSlack = options.DatastoreSlidingSlack;
        TimeSpan commit = writeDeadline + options.Resilience.LateCommitAllowance;
        LockTime = TimeSpan.FromSeconds(Math.Ceiling((commit + LockMargin).TotalSeconds));
        MaxLockAgeAtCommit = LockTime - commit;
    }

    public long MaxMemcacheBytes { get; }

    public long MaxValueBytes { get; }

    /// <summary>From which size on values are compressed; 0: none is.</summary>
    public long CompressionThresholdBytes { get; }

    public TimeSpan MaxStaleness { get; }

    /// <summary>How long the steps of one operation on one server may take together before it counts as unreachable, however promptly it answers each.</summary>
    public TimeSpan MemcacheTime { get; }

    public bool IsStrict { get; }

    public double MemcacheSlack { get; }

    public double DatastoreSlack { get; }

    /// <summary>How long a lock outlives its start: longer than the commit that it covers can take effect.</summary>
    public TimeSpan LockTime { get; }

    /// <summary>How old a lock may be when its commit begins, so that it still stands when the commit takes effect after its time-out.</summary>
    public TimeSpan MaxLockAgeAtCommit { get; }

    public int LockSeconds => (int)LockTime.TotalSeconds;

    /// <summary>How many keys the backlog remembers of one server; not an option, but a test needs no more than a few.</summary>
    public int BacklogCapacity { get; init; } = 100_000;
}
