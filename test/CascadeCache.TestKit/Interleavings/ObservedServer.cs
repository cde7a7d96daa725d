using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.TestKit.Interleavings;

/// <summary>Passes everything on, and tells the current actor's digest what it learned.</summary>
internal sealed class ObservedServer(IVolatileServer inner, Func<Actor> current) : IVolatileServer
{
    public string Name => inner.Name;

    public bool IsStandIn => inner.IsStandIn;

    public TimeSpan? MinimumAge => inner.MinimumAge;

    public long MaxItemBytes(CacheKey key) => inner.MaxItemBytes(key);

    public async ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call)
    {
        VolatileRead read = await inner.ReadAsync(key, withValue, leaseSeconds, call).ConfigureAwait(false);
        Actor actor = current();
        actor.Learn(((long)read.Status << 40) ^ ((long)read.Flags << 8) ^ read.SecondsToLive);
        actor.Learn(read.Item.Span);
        actor.Keep(read.Token);
        return read;
    }

    public async ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call) =>
        Learn(await inner.CompareAndSetAsync(key, token, item, call).ConfigureAwait(false));

    public async ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call) =>
        Learn(await inner.SetAsync(key, item, call).ConfigureAwait(false));

    public async ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call) =>
        Learn(await inner.DeleteAsync(key, token, call).ConfigureAwait(false));

    private VolatileWrite Learn(VolatileWrite write)
    {
        current().Learn((long)write.Status);
        current().Keep(write.Token);
        return write;
    }
}
