namespace CascadeCache;

/// <summary>How failures of each tier are met.</summary>
public sealed class ResilienceOptions
{
    /// <summary>The memcached servers; each server has a pipeline, and so a circuit breaker, of its own.</summary>
    public TierResilienceOptions Memcache { get; } = new()
    {
        TotalTimeout = TimeSpan.FromSeconds(1.5),
        MaxRetryAttempts = 1,
        RetryBaseDelay = TimeSpan.FromMilliseconds(10),
        RetryMaxDelay = TimeSpan.FromMilliseconds(100),
        BreakDuration = TimeSpan.FromSeconds(2),
    };

    /// <summary>Google Cloud Datastore.</summary>
    public TierResilienceOptions Datastore { get; } = new()
    {
        TotalTimeout = TimeSpan.FromSeconds(10),
        MaxRetryAttempts = 4,
        RetryBaseDelay = TimeSpan.FromMilliseconds(100),
        RetryMaxDelay = TimeSpan.FromSeconds(2),
        BreakDuration = TimeSpan.FromSeconds(5),
    };

    /// <summary>
    /// How long after its time-out a Datastore commit may still take effect. Default 20 s. The lock of a write in memcached outlives the
    /// Datastore total time-out by this much, and a restarted memcached server is not filled until such locks have run out.
    /// </summary>
    public TimeSpan LateCommitAllowance { get; set; } = TimeSpan.FromSeconds(20);
}

/// <summary>
/// One tier's resilience pipeline, outer to inner: total time-out, retry, circuit breaker, attempt time-out. The attempt time-out is the tier's
/// <c>OperationTimeout</c>.
/// </summary>
public sealed class TierResilienceOptions
{
    /// <summary>The longest time for one operation, all its attempts and the delays between them included. Longer than the tier's <c>OperationTimeout</c>.</summary>
    public TimeSpan TotalTimeout { get; set; }

    /// <summary>How often an operation that failed for a passing reason is tried again. 0: never. 0 to 20.</summary>
    public int MaxRetryAttempts { get; set; }

    /// <summary>The delay before the first retry; it doubles with each one, with jitter. A longer delay that the service asks for is heeded.</summary>
    public TimeSpan RetryBaseDelay { get; set; }

    /// <summary>The longest delay between two attempts.</summary>
    public TimeSpan RetryMaxDelay { get; set; }

    /// <summary>The part of failed attempts at which the circuit opens. Default 0.5. Above 0, at most 1.</summary>
    public double BreakerFailureRatio { get; set; } = 0.5;

    /// <summary>The attempts within <see cref="BreakerSamplingDuration"/> below which the circuit never opens. Default 10, at least 2.</summary>
    public int BreakerMinimumThroughput { get; set; } = 10;

    /// <summary>The time over which failures are counted. Default 10 s, at least 500 ms.</summary>
    public TimeSpan BreakerSamplingDuration { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an open circuit refuses attempts before it lets one through. At least 500 ms.</summary>
    public TimeSpan BreakDuration { get; set; }
}
