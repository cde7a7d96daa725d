using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CascadeCache;

/// <summary>Asks every tier once. What is left without an answer, and how bad that is, depends on which tiers there are.</summary>
internal sealed class CascadeCacheHealthCheck(CascadeDistributedCache cache) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        (Exception? memcache, Exception? datastore) = await cache.ProbeAsync(cancellationToken).ConfigureAwait(false);
        if (datastore is not null)
        {
            return HealthCheckResult.Unhealthy("Datastore does not answer: writes and reads that memcached cannot answer fail.", datastore);
        }

        if (memcache is null)
        {
            return HealthCheckResult.Healthy("Every tier answers.");
        }

        return cache.HasDurableTier
            ? HealthCheckResult.Degraded("memcached does not answer: its keys are served by Datastore.", memcache)
            : HealthCheckResult.Unhealthy("memcached does not answer, and there is no other tier.", memcache);
    }
}
