using System.Diagnostics.Metrics;

namespace CascadeCache.Diagnostics;

/// <summary>
/// The metrics of one cache: observable counters over <see cref="CacheCounters"/>, so that counting costs the same whether or not anybody listens.
/// </summary>
/// <remarks>Tags are of low cardinality: never a key. Units follow UCUM, names the OpenTelemetry conventions.</remarks>
internal sealed class CascadeMetrics : IDisposable
{
    public const string MeterName = "CascadeCache";

    private const string Tier = "cascadecache.tier";
    private const string Result = "cascadecache.result";
    private const string Cause = "cascadecache.cause";
    private const string OperationType = "cascadecache.operation";

    private readonly Meter _meter;

    public CascadeMetrics(CacheCounters counters, IMeterFactory? factory)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);

        Observe("cascadecache.reads", "{read}", "Reads of the cache by the tier that answered and its answer.", counters,
            (Counter.MemcacheHits, [new(Tier, "memcache"), new(Result, "hit")]),
            (Counter.MemcacheAbsentHits, [new(Tier, "memcache"), new(Result, "absent")]),
            (Counter.DatastoreHits, [new(Tier, "datastore"), new(Result, "hit")]),
            (Counter.DatastoreMisses, [new(Tier, "datastore"), new(Result, "miss")]));

        Observe("cascadecache.memcache.passes", "{read}", "Reads that memcache could not answer, by reason.", counters,
            (Counter.MemcacheMisses, [new(Result, "miss")]),
            (Counter.MemcacheLocked, [new(Result, "locked")]),
            (Counter.MemcacheUnavailable, [new(Result, "unavailable")]));

        Observe("cascadecache.datastore.operations", "{operation}", "Billable Datastore operations that were sent, by cause; every attempt counts.", counters,
            (Counter.DatastoreReadsForGet, [new(OperationType, "read"), new(Cause, "get")]),
            (Counter.DatastoreReadsForSlide, [new(OperationType, "read"), new(Cause, "slide")]),
            (Counter.DatastoreReadsForSet, [new(OperationType, "read"), new(Cause, "set")]),
            (Counter.DatastoreReadsForRemove, [new(OperationType, "read"), new(Cause, "remove")]),
            (Counter.DatastoreWritesForSet, [new(OperationType, "write"), new(Cause, "set")]),
            (Counter.DatastoreWritesForSlide, [new(OperationType, "write"), new(Cause, "slide")]),
            (Counter.DatastoreDeletesForSet, [new(OperationType, "delete"), new(Cause, "set")]),
            (Counter.DatastoreDeletesForRemove, [new(OperationType, "delete"), new(Cause, "remove")]));

        Observe("cascadecache.bypasses", "{value}", "Values that were too large for memcache, by the limit that they exceeded.", counters,
            (Counter.BypassesOverLimit, [new(Cause, "configured_limit")]),
            (Counter.BypassesOverServerLimit, [new(Cause, "server_limit")]));

        Observe("cascadecache.retries", "{retry}", "Attempts after a failed one.", counters,
            (Counter.MemcacheRetries, [new(Tier, "memcache")]),
            (Counter.DatastoreRetries, [new(Tier, "datastore")]));

        Observe("cascadecache.memcache.writes", "{write}", "Copies written to memcache, by what wrote them.", counters,
            (Counter.MemcacheFills, [new(Cause, "fill")]),
            (Counter.MemcachePublishes, [new(Cause, "publish")]),
            (Counter.MemcacheSlides, [new(Cause, "slide")]));

        Observe("cascadecache.memcache.connections", "{event}", "Connections to memcached servers.", counters,
            (Counter.MemcacheConnects, [new(Result, "opened")]),
            (Counter.MemcacheDisconnects, [new(Result, "lost")]),
            (Counter.MemcacheViolations, [new(Result, "protocol_violation")]));

        Observe("cascadecache.backlog", "{key}", "Keys whose memcache copy had to be invalidated later.", counters,
            (Counter.BacklogAdded, [new(Result, "added")]),
            (Counter.BacklogDrained, [new(Result, "drained")]),
            (Counter.BacklogOverflows, [new(Result, "overflow")]));

        Observe("cascadecache.incidents", "{incident}", "What should stay rare.", counters,
            (Counter.RejectedPayloads, [new(Cause, "rejected_payload")]),
            (Counter.MemcacheContendedWrites, [new(Cause, "contended_write")]),
            (Counter.MemcacheLostLocks, [new(Cause, "lost_lock")]),
            (Counter.DatastoreFailures, [new(Cause, "datastore_failure")]),
            (Counter.DatastoreUnknownOutcomes, [new(Cause, "unknown_outcome")]),
            (Counter.BackgroundFailures, [new(Cause, "background_failure")]));

        Observe("cascadecache.datastore.shared_reads", "{read}", "Reads that shared another reader's Datastore read.", counters,
            (Counter.DatastoreSharedReads, []));
    }

    public void Dispose() => _meter.Dispose();

    private void Observe(string name, string unit, string description, CacheCounters counters, params (Counter Counter, KeyValuePair<string, object?>[] Tags)[] series) =>
        _meter.CreateObservableCounter(name, () => series.Select(s => new Measurement<long>(counters.Get(s.Counter), s.Tags)), unit, description);
}
