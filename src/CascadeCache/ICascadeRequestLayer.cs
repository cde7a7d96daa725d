using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache;

/// <summary>
/// The request tier: what stands between the application and its cache for the length of one request. Registered as a service by <c>AddCascadeRequestLayer()</c> of the package
/// CascadeCache.Session; the cache without a service key is then resolved with it, a keyed one if its <see cref="CascadeCacheOptions.Backends"/> include <see cref="CascadeBackends.Request"/>.
/// </summary>
public interface ICascadeRequestLayer
{
    /// <summary>Puts the layer over a cache. Called once per cache; opens no connection.</summary>
    /// <param name="cache">The cache below.</param>
    /// <param name="isOnlyTier">Whether there is nothing below: values then live for the length of a request and nowhere else, and outside of a request there is no cache.</param>
    /// <returns>The cache that the application is given. It hides no interface of <paramref name="cache"/> that serves to read or write.</returns>
    IDistributedCache Over(CascadeDistributedCache cache, bool isOnlyTier);
}
