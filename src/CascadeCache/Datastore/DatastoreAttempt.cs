using CascadeCache.Diagnostics;

namespace CascadeCache.Datastore;

/// <summary>One attempt at one operation: how long it may take, and how far it has got.</summary>
/// <param name="timeout">What the service is told as its deadline.</param>
/// <param name="counters">Where each request is counted.</param>
/// <param name="counter">On whose account.</param>
/// <param name="cancellationToken">Ends the attempt: its time-out or the caller.</param>
internal sealed class DatastoreAttempt(TimeSpan timeout, CacheCounters counters, Counter counter, CancellationToken cancellationToken)
{
    private volatile bool _mayHaveArrived;

    public TimeSpan Timeout { get; } = timeout;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>
    /// Whether the request may have reached the service. It is serialised only when a connection stands and a stream has been opened on it, so as
    /// long as that has not happened the service cannot have seen it.
    /// </summary>
    public bool MayHaveArrived => _mayHaveArrived;

    /// <summary>A request is about to leave; from now on it counts as sent and may be billed.</summary>
    public void MarkSerialised()
    {
        _mayHaveArrived = true;
        counters.Add(counter);
    }
}

/// <summary>A request with the attempt that it belongs to, so that its serialisation can be noticed.</summary>
internal sealed record Tracked<T>(T Message, DatastoreAttempt Attempt);
