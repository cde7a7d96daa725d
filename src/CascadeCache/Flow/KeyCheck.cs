using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>
/// The last step of a write that could not simply publish, and the whole of a late invalidation: looks what memcache holds after a commit and removes,
/// by compare-and-set, whatever could be served although it is older.
/// </summary>
internal sealed class KeyCheck(FlowServices services, IVolatileServer server, CacheKey key)
{
    private const int MaxRounds = 128;
    private const int MaxSilences = 2;

    /// <summary>Runs until the key holds nothing that is older than a version, and not the writer's lock.</summary>
    /// <param name="writer">The writer whose lock may still stand.</param>
    /// <param name="leastVersion">The version that the durable tier has reached.</param>
    /// <param name="committed">What the writer committed, to be published if it turns out to have been alone; null: nothing.</param>
    /// <param name="call">How the caller waits.</param>
    /// <returns>False: the server cannot be reached.</returns>
    public async ValueTask<bool> RunAsync(Guid writer, long leastVersion, Entry? committed, CallContext call)
    {
        long began = services.Time.GetTimestamp();
        int silences = 0;
        for (int round = 0; round < MaxRounds && silences < MaxSilences && services.Time.GetElapsedTime(began) <= services.Settings.MemcacheTime; round++)
        {
            using VolatileRead read = await server.ReadAsync(key, withValue: true, leaseSeconds: 0, call).ConfigureAwait(false);
            if (read.Status == VolatileStatus.Miss)
            {
                return true;
            }

            if (read.Status == VolatileStatus.Unavailable)
            {
                silences++;
                continue;
            }

            VolatileWrite? step = await StepAsync(read, writer, leastVersion, committed, call).ConfigureAwait(false);
            if (step is not { } write || write.IsGone)
            {
                return true;
            }

            silences += write.Status is VolatileWriteStatus.Unavailable or VolatileWriteStatus.Refused ? 1 : 0;
        }

        return false;
    }

    /// <returns>What the needed change came to; null when none is needed.</returns>
    private async ValueTask<VolatileWrite?> StepAsync(VolatileRead read, Guid writer, long leastVersion, Entry? committed, CallContext call)
    {
        if (!read.IsPlaceholder && EntryFlags.KindOf(read.Flags) == EntryKind.Lock)
        {
            LockRecord record = LockRecord.Read(read.Item.Span, read.SecondsToLive);
            return record.IsHeldBy(writer)
                ? await LeaveAsync(record, read.Token, writer, committed, call).ConfigureAwait(false)
                : await WarnAsync(record, read.Token, writer, call).ConfigureAwait(false);
        }

        // Versions order values and absences alike. A placeholder is a reader whose read of the durable tier may have begun before the commit.
        if (!read.IsPlaceholder && EntryFormat.TryRead(read.Item, key.Fingerprint, out Entry entry) && entry.Version >= leastVersion)
        {
            return null;
        }

        return await server.DeleteAsync(key, read.Token, call).ConfigureAwait(false);
    }

    private async ValueTask<VolatileWrite?> LeaveAsync(LockRecord record, VolatileToken token, Guid writer, Entry? committed, CallContext call)
    {
        LockRecord rest = record.Without(writer);
        if (!rest.IsEmpty)
        {
            return await server.CompareAndSetAsync(key, token, VolatileItems.ForLock(rest), call).ConfigureAwait(false);
        }

        // Alone all the time: the publish was lost on its way, and is made again.
        if (!record.Contended && committed is { } entry)
        {
            using VolatileItem item = services.Items.ForEntry(server, key, entry);
            return await server.CompareAndSetAsync(key, token, item, call).ConfigureAwait(false);
        }

        return await server.DeleteAsync(key, token, call).ConfigureAwait(false);
    }

    // Somebody else's lock, and this writer is not in it: its own was lost, and those who hold this one do not know that they were not alone.
    private async ValueTask<VolatileWrite?> WarnAsync(LockRecord record, VolatileToken token, Guid writer, CallContext call)
    {
        if (writer != Guid.Empty)
        {
            services.Counters.Add(Counter.MemcacheLostLocks);
            CascadeLog.LockLost(services.Logger, server.Name);
        }

        return record.Contended
            ? null
            : await server.CompareAndSetAsync(key, token, VolatileItems.ForLock(record.AsContended()), call).ConfigureAwait(false);
    }
}
