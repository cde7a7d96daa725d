namespace CascadeCache.Stress.Linearizability;

/// <summary>
/// The times of a run, scaled down so that faults bite within seconds. The protocol assumes that no commit takes effect later than
/// <see cref="LateCommitAllowance"/> after its time-out; every lateness that a run makes keeps to that: <see cref="LongestHold"/>, twice
/// <see cref="LongestDelay"/> and <see cref="LongestLateness"/> together are 1.7 s, which leaves 0.8 s to a busy machine.
/// </summary>
internal static class Scale
{
    public static readonly TimeSpan MemcacheTimeout = TimeSpan.FromMilliseconds(200);
    public static readonly TimeSpan DatastoreTimeout = TimeSpan.FromMilliseconds(500);
    public static readonly TimeSpan DatastoreTotal = TimeSpan.FromSeconds(1.5);
    public static readonly TimeSpan LateCommitAllowance = TimeSpan.FromSeconds(2.5);
    public static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(5);

    /// <summary>Long, so that nothing expires even when a busy machine lets no call through for a while; with the tiny slacks of <see cref="Options"/> a slide is due every second all the same.</summary>
    public static readonly TimeSpan SlidingWindow = TimeSpan.FromHours(1);

    public static readonly TimeSpan LongestHold = TimeSpan.FromMilliseconds(500);
    public static readonly TimeSpan LongestDelay = TimeSpan.FromMilliseconds(150);
    public static readonly TimeSpan LongestLateness = TimeSpan.FromMilliseconds(900);

    /// <summary>Until a started memcached server is filled: the lock time of 5 s, the uncertainty of its age, and a little.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(9);

    /// <summary>How long after its start an operation of unknown outcome may take effect: its time-out, the allowance, and what a busy machine adds.</summary>
    public static readonly TimeSpan EffectLimit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How old a missed write may be. A copy may be believed for <see cref="MaxStaleness"/> from when it was made; the read that it was made of began
    /// earlier by as much as a Datastore read may take, the wait for a blocking one's last attempt (500 ms) included.
    /// </summary>
    public static readonly TimeSpan StalenessBound = MaxStaleness + DatastoreTotal + TimeSpan.FromMilliseconds(500);

    public const int LargestMemcacheValue = 2000;

    public static CascadeCacheOptions Options(WorkerSettings settings, string memcached)
    {
        var options = new CascadeCacheOptions
        {
            KeyPrefix = "stress.",
            Consistency = settings.Consistency,
            MaxStaleness = MaxStaleness,
            MaxMemcacheSessionSizeBytes = LargestMemcacheValue,
            MemcacheSlidingSlack = 0.0002,
            DatastoreSlidingSlack = 0.0005,
        };
        options.Memcache.Servers.Add(memcached);
        options.Memcache.OperationTimeout = MemcacheTimeout;
        options.Memcache.ConnectTimeout = TimeSpan.FromMilliseconds(500);
        options.Datastore.EmulatorHost = settings.Datastore;
        options.Datastore.ProjectId = "stress";
        options.Datastore.OperationTimeout = DatastoreTimeout;
        TierResilienceOptions datastore = options.Resilience.Datastore;
        (datastore.TotalTimeout, datastore.RetryBaseDelay, datastore.RetryMaxDelay) = (DatastoreTotal, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(200));
        SetBreaker(datastore);
        TierResilienceOptions memcache = options.Resilience.Memcache;
        memcache.TotalTimeout = TimeSpan.FromMilliseconds(500);
        SetBreaker(memcache);
        options.Resilience.LateCommitAllowance = LateCommitAllowance;
        return options;
    }

    // Circuits open, but not so easily that a busy machine makes all calls fail.
    private static void SetBreaker(TierResilienceOptions tier) =>
        (tier.BreakerFailureRatio, tier.BreakerSamplingDuration, tier.BreakDuration) = (0.8, TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(500));
}
