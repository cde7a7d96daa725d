using System.Buffers;
using System.Runtime.CompilerServices;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;
using CascadeCache.Values;

namespace CascadeCache.Flow;

/// <summary>The durable tier alone.</summary>
internal sealed class DurableOnlyFlow : ICacheFlow, IAsyncDisposable
{
    private readonly FlowServices _services;
    private readonly IDurableTier _durable;
    private readonly BackgroundWork _background;
    private readonly SlideFlow _slides;
    private readonly SharedReads _shared;
    private readonly VersionedWrites _versioned;

    public DurableOnlyFlow(FlowServices services, IDurableTier durable, BackgroundWork background)
    {
        (_services, _durable, _background) = (services, durable, background);
        _slides = new SlideFlow(services, durable);
        _shared = new SharedReads(durable, services.Counters);
        _versioned = new VersionedWrites(durable, GetAsync, WriteAsync);
    }

    public async ValueTask<FoundValue> GetAsync(CacheKey key, CallContext call)
    {
        DurableRead read = await _shared.ReadAsync(key, call).ConfigureAwait(false);
        if (Current(read) is not { } entry)
        {
            return FoundValue.None(TierNames.Datastore, read.IsStored ? CacheVersion.Expired(read.Version) : CacheVersion.Absent);
        }

        if (_slides.IsDurableDue(entry, isCutOff: false))
        {
            _background.TryRun(key.Text, async later => await _slides.ExtendDurableAsync(key, entry, isCutOff: false, later).ConfigureAwait(false));
        }

        return _services.Found(read.Value!.Value, entry.Version);
    }

    public async ValueTask SetAsync(CacheKey key, ReadOnlySequence<byte> payload, EntryLifetime lifetime, CallContext call)
    {
        using EncodedValue value = _services.Codec.Encode(payload);
        await WriteAsync(key, _services.NewValue(_durable, key, value, lifetime), WriteCondition.Always, call).ConfigureAwait(false);
    }

    public async ValueTask RefreshAsync(CacheKey key, CallContext call)
    {
        if (Current(await _shared.ReadAsync(key, call).ConfigureAwait(false)) is { } entry)
        {
            await _slides.ExtendDurableAsync(key, entry, isCutOff: false, call).ConfigureAwait(false);
        }
    }

    public async ValueTask RemoveAsync(CacheKey key, CallContext call) =>
        await _durable.DeleteAsync(key, baseVersion: null, DurableCause.Remove, call).ConfigureAwait(false);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<CacheVersion?> TrySetAsync(CacheKey key, ReadOnlySequence<byte> payload, EntryLifetime lifetime, CacheVersion expected, CallContext call)
    {
        using EncodedValue value = _services.Codec.Encode(payload);
        return await _versioned.TrySetAsync(key, _services.NewValue(_durable, key, value, lifetime), expected, call).ConfigureAwait(false);
    }

    public async ValueTask<bool> TryRemoveAsync(CacheKey key, CacheVersion expected, CallContext call) =>
        (await _durable.DeleteAsync(key, expected.Number, DurableCause.Remove, call).ConfigureAwait(false)).IsApplied;

    public ValueTask DisposeAsync() => _background.DisposeAsync();

    private ValueTask<DurableWrite> WriteAsync(CacheKey key, DurableValue value, WriteCondition condition, CallContext call) =>
        _durable.WriteAsync(key, value, condition, DurableCause.Set, call);

    private Entry? Current(in DurableRead read)
    {
        if (read.Value is { } value && value.ExpiresAt > _services.Now)
        {
            _services.Counters.Add(Counter.DatastoreHits);
            return _services.EntryOf(value, read.Version, _services.Now);
        }

        _services.Counters.Add(Counter.DatastoreMisses);
        return null;
    }
}
