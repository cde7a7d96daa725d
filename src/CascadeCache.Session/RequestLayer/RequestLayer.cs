using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Options;

namespace CascadeCache.Session;

/// <summary>The request tier as a service: makes what stands over each cache.</summary>
internal sealed class RequestLayer(IHttpContextAccessor accessor, IOptions<RequestLayerOptions> options, TimeProvider? time = null) : ICascadeRequestLayer
{
    public IDistributedCache Over(CascadeDistributedCache cache, bool isOnlyTier) => isOnlyTier
        ? new RequestOnlyCache(cache, new RequestItems<RequestEntries>(accessor, static () => new RequestEntries()), time ?? TimeProvider.System)
        : new RequestLayerCache(cache, new RequestItems<RequestCopies>(accessor, static () => new RequestCopies()), new KeySelection(options.Value));
}
