using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>Both tiers: memcache in front, the durable tier behind it.</summary>
internal sealed class CascadeFlow : ICacheFlow, IAsyncDisposable
{
    private readonly BackgroundWork _background;
    private readonly ReadFlow _reads;
    private readonly WriteFlow _writes;

    public CascadeFlow(FlowServices services, IVolatileTier volatileTier, IDurableTier durable, BackgroundWork background)
    {
        _background = background;
        Backlog = new Backlog(services, volatileTier, background);
        _reads = new ReadFlow(services, volatileTier, durable, new SlideFlow(services, durable), Backlog, background);
        _writes = new WriteFlow(services, volatileTier, durable, Backlog);
    }

    /// <summary>What is still to be invalidated.</summary>
    public Backlog Backlog { get; }

    public ValueTask<FoundValue> GetAsync(CacheKey key, CallContext call) => _reads.GetAsync(key, call);

    public ValueTask SetAsync(CacheKey key, ReadOnlyMemory<byte> payload, EntryLifetime lifetime, CallContext call) =>
        _writes.SetAsync(key, payload, lifetime, call);

    public ValueTask RefreshAsync(CacheKey key, CallContext call) => _reads.RefreshAsync(key, call);

    public ValueTask RemoveAsync(CacheKey key, CallContext call) => _writes.RemoveAsync(key, call);

    /// <summary>Ends the background work, then makes one last attempt to invalidate what is on the backlog.</summary>
    public async ValueTask DisposeAsync()
    {
        Backlog.Dispose();
        await _background.DisposeAsync().ConfigureAwait(false);
        await Backlog.DrainAsync(CallContext.Async(CancellationToken.None)).ConfigureAwait(false);
    }
}
