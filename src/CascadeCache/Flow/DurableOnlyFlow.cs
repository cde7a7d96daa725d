using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>The durable tier alone.</summary>
internal sealed class DurableOnlyFlow(FlowServices services, IDurableTier durable, BackgroundWork background) : ICacheFlow, IAsyncDisposable
{
    private readonly SlideFlow _slides = new(services, durable);
    private readonly SharedReads _shared = new(durable, services.Counters);

    public async ValueTask<FoundValue> GetAsync(CacheKey key, CallContext call)
    {
        if (await ReadAsync(key, call).ConfigureAwait(false) is not { } entry)
        {
            return FoundValue.None(TierNames.Datastore);
        }

        if (_slides.IsDurableDue(entry, isCutOff: false))
        {
            background.TryRun(key.Text, async later => await _slides.ExtendDurableAsync(key, entry, isCutOff: false, later).ConfigureAwait(false));
        }

        return FoundValue.Of(entry.Payload, TierNames.Datastore);
    }

    public async ValueTask SetAsync(CacheKey key, ReadOnlyMemory<byte> payload, EntryLifetime lifetime, CallContext call)
    {
        long limit = Math.Min(services.Settings.MaxValueBytes, durable.MaxValueBytes(key));
        if (payload.Length > limit)
        {
            throw new CascadeValueTooLargeException(payload.Length, limit);
        }

        long expiresAt = lifetime.CopyExpiry(services.Now, services.Settings.DatastoreSlack);
        await durable.WriteAsync(key, new DurableValue(payload, lifetime, expiresAt), baseVersion: null, DurableCause.Set, call).ConfigureAwait(false);
    }

    public async ValueTask RefreshAsync(CacheKey key, CallContext call)
    {
        if (await ReadAsync(key, call).ConfigureAwait(false) is { } entry)
        {
            await _slides.ExtendDurableAsync(key, entry, isCutOff: false, call).ConfigureAwait(false);
        }
    }

    public async ValueTask RemoveAsync(CacheKey key, CallContext call) =>
        await durable.DeleteAsync(key, baseVersion: null, DurableCause.Remove, call).ConfigureAwait(false);

    public ValueTask DisposeAsync() => background.DisposeAsync();

    private async ValueTask<Entry?> ReadAsync(CacheKey key, CallContext call)
    {
        DurableRead read = await _shared.ReadAsync(key, call).ConfigureAwait(false);
        if (read.Value is { } value && value.ExpiresAt > services.Now)
        {
            services.Counters.Add(Counter.DatastoreHits);
            return services.EntryOf(value, read.Version, services.Now);
        }

        services.Counters.Add(Counter.DatastoreMisses);
        return null;
    }
}
