using CascadeCache;
using CascadeCache.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the request layer.</summary>
public static class CascadeRequestLayerServiceCollectionExtensions
{
    /// <summary>
    /// Puts a copy per request, in <c>HttpContext.Items</c>, over the cache that <c>AddCascadeDistributedCache</c> registers, before or after this call: within one request a second read of a key
    /// costs nothing, a write updates the copy, a removal removes it. Over a keyed cache only if its <see cref="CascadeCacheOptions.Backends"/> include <see cref="CascadeBackends.Request"/>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Selects the keys; null: every key. A second call adds its settings.</param>
    /// <returns>The same collection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    /// <remarks>
    /// <para><b>Staleness.</b> After the first read of a selected key a request does not see what another request, another server or an expiration does to the entry, until the request ends.
    /// <see cref="IVersionedDistributedCache.GetVersionedAsync"/> always asks the cache, and renews the copy. A key that is not selected is never copied; its calls pass through.</para>
    /// <para><b>Refresh</b> passes through every time: the copy says nothing about the sliding expiration of the entry, which may be running out in the cache below while the copy is in use. A second
    /// read from the copy does not extend it either.</para>
    /// <para>The copies of a request hold all that it read and wrote, until it ends. They are safe for parallel use within the request. Outside of a request, as in a background service, the layer does
    /// nothing. <see cref="CascadeDistributedCache"/> is always the cache without it.</para>
    /// </remarks>
    public static IServiceCollection AddCascadeRequestLayer(this IServiceCollection services, Action<RequestLayerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddHttpContextAccessor();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RequestLayerOptions>, RequestLayerOptionsValidator>());
        services.TryAddSingleton<ICascadeRequestLayer, RequestLayer>();
        OptionsBuilder<RequestLayerOptions> builder = services.AddOptions<RequestLayerOptions>().ValidateOnStart();
        if (configure is not null)
        {
            builder.Configure(configure);
        }

        return services;
    }
}
