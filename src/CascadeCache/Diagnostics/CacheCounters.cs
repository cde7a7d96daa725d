namespace CascadeCache.Diagnostics;

/// <summary>
/// Every number that a cache counts, in one place. Metrics and statistics read them; the flow adds to them. Additions are atomic, a snapshot of
/// several is not.
/// </summary>
internal sealed class CacheCounters
{
    private readonly long[] _values = new long[Enum.GetValues<Counter>().Length];

    public void Add(Counter counter, long by = 1) => Interlocked.Add(ref _values[(int)counter], by);

    public long Get(Counter counter) => Interlocked.Read(ref _values[(int)counter]);
}

/// <summary>What is counted. Names and units of the metrics are in <see cref="CascadeMetrics"/>.</summary>
internal enum Counter
{
    MemcacheHits,
    MemcacheAbsentHits,
    MemcacheMisses,
    MemcacheLocked,
    MemcacheUnavailable,
    MemcacheFills,
    MemcachePublishes,
    MemcacheSlides,
    MemcacheRetries,
    MemcacheContendedWrites,
    MemcacheLostLocks,
    MemcacheConnects,
    MemcacheDisconnects,
    MemcacheViolations,
    RejectedPayloads,
    BypassesOverLimit,
    BypassesOverServerLimit,
    DatastoreHits,
    DatastoreMisses,
    DatastoreSharedReads,
    DatastoreReadsForGet,
    DatastoreReadsForSlide,
    DatastoreReadsForSet,
    DatastoreReadsForRemove,
    DatastoreWritesForSet,
    DatastoreWritesForSlide,
    DatastoreDeletesForSet,
    DatastoreDeletesForRemove,
    DatastoreRetries,
    DatastoreFailures,
    DatastoreUnknownOutcomes,
    BacklogAdded,
    BacklogDrained,
    BacklogOverflows,
    BackgroundFailures,
}
