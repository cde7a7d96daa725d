using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CascadeCache;

/// <summary>
/// What an application gets when it asks for its <see cref="IDistributedCache"/>: the cache, with the request layer over it where that is registered. A service of its own, so that a cache which
/// is registered twice still has one layer and, with it, one set of copies.
/// </summary>
internal sealed class CacheFront
{
    private CacheFront(IDistributedCache cache) => Cache = cache;

    public IDistributedCache Cache { get; }

    // The layer is looked for when the cache is resolved: the order of the registrations does not matter. A keyed cache is one of several, so it says itself whether the layer is meant for it.
    public static CacheFront Of(IServiceProvider provider, CascadeDistributedCache cache, string optionsName, bool isKeyed)
    {
        CascadeBackends backends = provider.GetRequiredService<IOptionsMonitor<CascadeCacheOptions>>().Get(optionsName).Backends;
        bool isMeant = !isKeyed || backends.HasFlag(CascadeBackends.Request);
        return isMeant && provider.GetService<ICascadeRequestLayer>() is { } layer
            ? new CacheFront(layer.Over(cache, isOnlyTier: backends == CascadeBackends.Request))
            : new CacheFront(cache);
    }
}
