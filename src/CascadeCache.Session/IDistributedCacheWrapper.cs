using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session;

/// <summary>
/// A cache that stands before another one for the length of a request. The session store goes to the cache behind it: it keeps its own copy per request, and a second one would hide from it
/// what other requests have stored meanwhile.
/// </summary>
internal interface IDistributedCacheWrapper
{
    /// <summary>The cache behind.</summary>
    IDistributedCache Inner { get; }
}
