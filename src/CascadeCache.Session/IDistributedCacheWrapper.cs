using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session;

/// <summary>A cache that stands over another one.</summary>
internal interface IDistributedCacheWrapper
{
    /// <summary>The cache below.</summary>
    IDistributedCache Inner { get; }
}
