using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>
/// Extends sliding expirations. Copies live longer than their window by a slack, and are extended only when that slack is used up: memcache's by
/// rewriting the item under compare-and-set, the durable one by a small update that applies only to the version that was read. Neither can
/// revive a removed entry, overwrite a newer one or prolong a lock.
/// </summary>
internal sealed class SlideFlow(FlowServices services, IDurableTier durable)
{
    /// <summary>Slides a copy that was read with <paramref name="token"/>, and the durable one if that is due too.</summary>
    public async ValueTask SlideAsync(IVolatileServer server, CacheKey key, Entry entry, VolatileToken token, CallContext call)
    {
        Entry current = entry;
        if (IsDurableDue(current, isCutOff: false))
        {
            current = await TryExtendAsync(key, current, call).ConfigureAwait(false) ?? await ReadAgainAsync(key, call).ConfigureAwait(false);
        }

        Entry slid = current.Kind == EntryKind.Value ? current with { CopyExpiry = CopyExpiryOf(current) } : current;
        using VolatileItem item = services.Items.ForEntry(server, key, slid);
        if ((await server.CompareAndSetAsync(key, token, item, call).ConfigureAwait(false)).IsDone)
        {
            services.Counters.Add(Counter.MemcacheSlides);
        }
    }

    /// <summary>Extends the durable copy of an entry that was just read from the durable tier, if it is due.</summary>
    /// <returns>The entry as it is now; unchanged when nothing was due or when somebody else was faster.</returns>
    public async ValueTask<Entry> ExtendDurableAsync(CacheKey key, Entry entry, bool isCutOff, CallContext call)
    {
        if (!IsDurableDue(entry, isCutOff))
        {
            return entry;
        }

        return await TryExtendAsync(key, entry, call).ConfigureAwait(false) ?? entry;
    }

    /// <summary>
    /// Whether less than the window is left of the durable copy. A process that is cut off from memcache records its accesses nowhere else, so it
    /// spends only memcache's slack before it extends: then a memcache copy that others see expire has outlived those accesses too.
    /// </summary>
    public bool IsDurableDue(in Entry entry, bool isCutOff)
    {
        long due = entry.Lifetime.SlideDueAt(entry.DurableExpiry);
        if (due == EntryLifetime.Never)
        {
            return false;
        }

        double earlier = isCutOff ? Math.Max(0, services.Settings.DatastoreSlack - services.Settings.MemcacheSlack) : 0;
        return due - (long)(entry.Lifetime.Window * earlier) <= services.Now;
    }

    /// <remarks>Only values slide, and their payload is at hand wherever they come from: a bypass marker leads to a read first.</remarks>
    /// <returns>The extended entry; null when its version no longer stands.</returns>
    private async ValueTask<Entry?> TryExtendAsync(CacheKey key, Entry entry, CallContext call)
    {
        long now = services.Now;
        long durableExpiry = entry.Lifetime.CopyExpiry(now, services.Settings.DatastoreSlack);
        DurableWrite write = await durable.ExtendAsync(key, durableExpiry, entry.Version, entry.Payload.Length, DurableCause.Slide, call).ConfigureAwait(false);
        if (write.Status != DurableWriteStatus.Applied)
        {
            return null;
        }

        return entry with
        {
            Version = write.Version,
            DurableExpiry = durableExpiry,
            CopyExpiry = Math.Min(entry.Lifetime.CopyExpiry(now, services.Settings.MemcacheSlack), durableExpiry),

            // The base version still stood: the copy is as good as one just read.
            FreshUntil = now + (long)services.Settings.MaxStaleness.TotalMilliseconds,
        };
    }

    // The durable copy is not the one that memcache's was made of. Without this the copy would try, and fail, at every access until it expires.
    private async ValueTask<Entry> ReadAgainAsync(CacheKey key, CallContext call)
    {
        long asOf = services.Now;
        DurableRead read = await durable.ReadAsync(key, DurableCause.Slide, call).ConfigureAwait(false);
        if (read.Value is not { } value || value.ExpiresAt <= services.Now)
        {
            return services.AbsentEntry(read.Version, asOf);
        }

        return await ExtendDurableAsync(key, services.EntryOf(value, read.Version, asOf), isCutOff: false, call).ConfigureAwait(false);
    }

    private long CopyExpiryOf(in Entry entry) =>
        Math.Min(entry.Lifetime.CopyExpiry(services.Now, services.Settings.MemcacheSlack), entry.DurableExpiry);
}
