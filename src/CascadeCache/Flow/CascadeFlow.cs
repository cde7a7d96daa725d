using System.Buffers;
using System.Runtime.CompilerServices;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;
using CascadeCache.Values;

namespace CascadeCache.Flow;

/// <summary>Both tiers: memcache in front, the durable tier behind it.</summary>
internal sealed class CascadeFlow : ICacheFlow, IAsyncDisposable
{
    private static readonly TimeSpan LastDrainLimit = TimeSpan.FromSeconds(10);

    private readonly FlowServices _services;
    private readonly BackgroundWork _background;
    private readonly ReadFlow _reads;
    private readonly WriteFlow _writes;
    private readonly VersionedWrites _versioned;
    private readonly IDurableTier _durable;

    public CascadeFlow(FlowServices services, IVolatileTier volatileTier, IDurableTier durable, BackgroundWork background)
    {
        (_services, _background, _durable) = (services, background, durable);
        Backlog = new Backlog(services, volatileTier, background);
        _reads = new ReadFlow(services, volatileTier, durable, new SlideFlow(services, durable), Backlog, background);
        _writes = new WriteFlow(services, volatileTier, durable, Backlog);
        _versioned = new VersionedWrites(durable, _reads.GetAsync, _writes.SetAsync, _writes.ForgetOlderAsync);
    }

    /// <summary>What is still to be invalidated.</summary>
    public Backlog Backlog { get; }

    public ValueTask<FoundValue> GetAsync(CacheKey key, CallContext call) => _reads.GetAsync(key, call);

    public async ValueTask SetAsync(CacheKey key, ReadOnlySequence<byte> payload, EntryLifetime lifetime, CallContext call)
    {
        using EncodedValue value = _services.Codec.Encode(payload);
        await _writes.SetAsync(key, _services.NewValue(_durable, key, value, lifetime), WriteCondition.Always, call).ConfigureAwait(false);
    }

    public ValueTask RefreshAsync(CacheKey key, CallContext call) => _reads.RefreshAsync(key, call);

    public async ValueTask RemoveAsync(CacheKey key, CallContext call) => await _writes.RemoveAsync(key, baseVersion: null, call).ConfigureAwait(false);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<CacheVersion?> TrySetAsync(CacheKey key, ReadOnlySequence<byte> payload, EntryLifetime lifetime, CacheVersion expected, CallContext call)
    {
        using EncodedValue value = _services.Codec.Encode(payload);
        return await _versioned.TrySetAsync(key, _services.NewValue(_durable, key, value, lifetime), expected, call).ConfigureAwait(false);
    }

    public async ValueTask<bool> TryRemoveAsync(CacheKey key, CacheVersion expected, CallContext call) =>
        (await _writes.RemoveAsync(key, expected.Number, call).ConfigureAwait(false)).IsApplied;

    /// <summary>
    /// Ends the background work, then makes one last attempt to invalidate what is on the backlog. What cannot be invalidated within the limit is told to the log: other
    /// processes may read the older values until these have reached their allowed staleness.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Backlog.Dispose();
        await _background.DisposeAsync().ConfigureAwait(false);
        using var limit = new CancellationTokenSource(LastDrainLimit, _services.Time);
        try
        {
            await Backlog.DrainAsync(CallContext.Async(limit.Token)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // Told below, as what was left for any other reason.
        }

        if (Backlog.Count is > 0 and int left)
        {
            CascadeLog.BacklogLeft(_services.Logger, left, _services.Settings.MaxStaleness);
        }
    }
}
