using CascadeCache;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the health check of the cache.</summary>
public static class CascadeCacheHealthChecksExtensions
{
    /// <summary>
    /// Adds a check that asks every tier once: Unhealthy when Datastore does not answer (or memcached, when it is the only tier), Degraded when only memcached does
    /// not, Healthy otherwise. Each run costs one billable Datastore read.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">The check's name. Default "cascadecache".</param>
    /// <param name="serviceKey">The key of a cache that was registered with one; null for the one without.</param>
    /// <param name="tags">Tags to select the check by.</param>
    /// <param name="timeout">The longest time for one run; null for the tiers' own time-outs.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="name"/> is null.</exception>
    public static IHealthChecksBuilder AddCascadeCache(
        this IHealthChecksBuilder builder,
        string name = "cascadecache",
        object? serviceKey = null,
        IEnumerable<string>? tags = null,
        TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        return builder.Add(new HealthCheckRegistration(
            name,
            provider => new CascadeCacheHealthCheck(serviceKey is null
                ? provider.GetRequiredService<CascadeDistributedCache>()
                : provider.GetRequiredKeyedService<CascadeDistributedCache>(serviceKey)),
            failureStatus: null,
            tags,
            timeout));
    }
}
