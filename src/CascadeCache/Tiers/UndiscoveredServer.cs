using CascadeCache.Entries;
using CascadeCache.Primitives;

namespace CascadeCache.Tiers;

/// <summary>Stands for the memcached servers while the discovery endpoint has not told which they are: every answer is "unavailable".</summary>
internal sealed class UndiscoveredServer(string endpoint, Func<Exception?> failure) : IVolatileServer
{
    public string Name => endpoint;

    public bool IsStandIn => true;

    public TimeSpan? MinimumAge => null;

    public long MaxItemBytes(CacheKey key) => 0;

    public ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call) =>
        ValueTask.FromResult(VolatileRead.Unavailable(failure()));

    public ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call) => Unavailable();

    public ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call) => Unavailable();

    public ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call) => Unavailable();

    private ValueTask<VolatileWrite> Unavailable() =>
        ValueTask.FromResult(new VolatileWrite(VolatileWriteStatus.Unavailable, default, failure()));
}
