using CascadeCache.Diagnostics;
using CascadeCache.Entries;

namespace CascadeCache.Datastore;

/// <summary>One attempt at one operation: how long it may take, and how far it has got. Its requests follow each other.</summary>
/// <param name="timeout">What the service is told as its deadline.</param>
/// <param name="counters">Where each billable operation is counted.</param>
/// <param name="cause">On whose account.</param>
/// <param name="cancellationToken">Ends the attempt: its time-out or the caller.</param>
internal sealed class DatastoreAttempt(TimeSpan timeout, CacheCounters counters, BilledTo cause, CancellationToken cancellationToken)
{
    private volatile bool _mayHaveArrived;

    public TimeSpan Timeout { get; } = timeout;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>
    /// Whether a commit may have reached the service that is not known to have been refused. A request is serialised only when a connection stands and a stream has
    /// been opened on it, so as long as that has not happened the service cannot have seen it. Lookups change nothing and do not count.
    /// </summary>
    public bool MayHaveArrived => _mayHaveArrived;

    /// <summary>A request is about to leave; from now on it counts as sent and may be billed.</summary>
    public void MarkSerialised(in Charge charge)
    {
        if (charge.IsCommit)
        {
            _mayHaveArrived = true;
        }

        counters.Add(cause.Reads, charge.Reads);
        counters.Add(cause.Writes, charge.Writes);
        counters.Add(cause.Deletes, charge.Deletes);
    }

    /// <summary>The service has refused the commit: whatever happens to the lookups that follow, nothing was applied.</summary>
    public void MarkRefused() => _mayHaveArrived = false;
}

/// <summary>The billable operations of one request.</summary>
internal readonly record struct Charge(int Reads, int Writes, int Deletes)
{
    public bool IsCommit => Writes + Deletes > 0;
}

/// <summary>Where the billable operations of one cause are counted, by their type.</summary>
internal readonly record struct BilledTo(Counter Reads, Counter Writes, Counter Deletes)
{
    public static BilledTo For(DurableCause cause) => cause switch
    {
        DurableCause.Set => new(Counter.DatastoreReadsForSet, Counter.DatastoreWritesForSet, Counter.DatastoreDeletesForSet),
        DurableCause.Remove => new(Counter.DatastoreReadsForRemove, Counter.DatastoreWritesForSet, Counter.DatastoreDeletesForRemove),
        DurableCause.Slide => new(Counter.DatastoreReadsForSlide, Counter.DatastoreWritesForSlide, Counter.DatastoreDeletesForRemove),
        _ => new(Counter.DatastoreReadsForGet, Counter.DatastoreWritesForSet, Counter.DatastoreDeletesForRemove),
    };
}

/// <summary>A request with the attempt that it belongs to, so that its serialisation can be noticed.</summary>
internal sealed record Tracked<T>(T Message, DatastoreAttempt Attempt, Charge Charge);
