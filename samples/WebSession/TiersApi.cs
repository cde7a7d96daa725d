using CascadeCache;

namespace WebSession;

/// <summary>State and counters of the tiers, and where the emulators of this process are.</summary>
internal static class TiersApi
{
    public static RouteHandlerBuilder MapTiersApi(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/tiers", static (CascadeDistributedCache cache, EmbeddedServers embedded) =>
        {
            CascadeCacheStatistics statistics = cache.GetStatistics();
            return Results.Json(new
            {
                tiers = statistics.Tiers.Select(static t => new { t.Tier, t.Address, t.IsConnected, t.CircuitState, t.Version }),
                counters = Counters(statistics),
                emulators = new { memcached = embedded.MemcachedHost, datastore = embedded.DatastoreHost },
            });
        });

    public static IReadOnlyDictionary<string, long> Counters(CascadeCacheStatistics s) => new Dictionary<string, long>
    {
        ["memcacheHits"] = s.MemcacheHits + s.MemcacheAbsentHits,
        ["memcacheMisses"] = s.MemcacheMisses,
        ["memcacheLocked"] = s.MemcacheLocked,
        ["memcacheUnavailable"] = s.MemcacheUnavailable,
        ["datastoreHits"] = s.DatastoreHits,
        ["datastoreMisses"] = s.DatastoreMisses,
        ["datastoreReads"] = s.DatastoreReads,
        ["datastoreWrites"] = s.DatastoreWrites,
        ["datastoreSlides"] = s.DatastoreSlides,
        ["datastoreDeletes"] = s.DatastoreDeletes,
        ["bypasses"] = s.Bypasses,
        ["retries"] = s.Retries,
        ["rejectedPayloads"] = s.RejectedPayloads,
        ["backlog"] = s.BacklogAdded,
    };
}
