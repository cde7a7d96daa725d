using System.Diagnostics.Metrics;

namespace CascadeCache.Session.Diagnostics;

/// <summary>The metrics of the session store: observable counters over <see cref="SessionCounters"/>, so that counting costs the same whether or not anybody listens.</summary>
/// <remarks>Tags are of low cardinality: never a key. The meter has the name of the cache's own, so that one subscription sees both.</remarks>
internal sealed class SessionMetrics : IDisposable
{
    public const string MeterName = "CascadeCache";

    private const string Result = "cascadecache.result";
    private const string OperationType = "cascadecache.operation";

    private readonly Meter _meter;

    public SessionMetrics(SessionCounters counters, IMeterFactory? factory)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);

        Observe("cascadecache.session.commits", "{commit}", "Sessions that were stored, by what it took.", counters,
            (SessionCounter.FirstAttempts, [new(Result, "first_attempt")]),
            (SessionCounter.Retried, [new(Result, "retried")]),
            (SessionCounter.Merged, [new(Result, "merged")]),
            (SessionCounter.Cleared, [new(Result, "cleared")]),
            (SessionCounter.LastWriteWins, [new(Result, "last_write_wins")]),
            (SessionCounter.Overwritten, [new(Result, "overwritten")]),
            (SessionCounter.NotMergeable, [new(Result, "not_mergeable")]),
            (SessionCounter.AttemptsExhausted, [new(Result, "attempts_exhausted")]));

        Observe("cascadecache.session.conflicts", "{conflict}", "Conditional writes of a session that met another request's write.", counters,
            (SessionCounter.Conflicts, []));

        Observe("cascadecache.session.waits", "{wait}", "Commits that waited for another one of the same session in the same process.", counters,
            (SessionCounter.WaitedTurns, []));

        Observe("cascadecache.session.skipped", "{operation}", "Operations of the stock session that were not needed and not sent.", counters,
            (SessionCounter.SkippedLoads, [new(OperationType, "load")]),
            (SessionCounter.SkippedRefreshes, [new(OperationType, "refresh")]));

        Observe("cascadecache.session.preload_failures", "{failure}", "Sessions that could not be loaded ahead of the request.", counters,
            (SessionCounter.FailedPreloads, []));
    }

    public void Dispose() => _meter.Dispose();

    private void Observe(
        string name, string unit, string description, SessionCounters counters, params (SessionCounter Counter, KeyValuePair<string, object?>[] Tags)[] series) =>
        _meter.CreateObservableCounter(name, () => series.Select(s => new Measurement<long>(counters.Get(s.Counter), s.Tags)), unit, description);
}
