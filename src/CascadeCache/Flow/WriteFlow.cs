using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>
/// Lock, commit, publish: the one way in which a key is changed. When it returns, the durable tier has the change and no reader that can reach the key's
/// memcached server sees anything older.
/// </summary>
internal sealed class WriteFlow(FlowServices services, IVolatileTier volatileTier, IDurableTier durable, Backlog backlog)
{
    /// <summary>One change of one key: what to commit, and what memcache is told about it.</summary>
    internal interface IChange
    {
        ValueTask<DurableWrite> CommitAsync(IDurableTier durable, CacheKey key, CallContext call);

        Entry Committed(FlowServices services, long version, long asOf);
    }

    /// <summary>Stores a value.</summary>
    public ValueTask SetAsync(CacheKey key, ReadOnlyMemory<byte> payload, EntryLifetime lifetime, CallContext call)
    {
        long limit = Math.Min(services.Settings.MaxValueBytes, durable.MaxValueBytes(key));
        if (payload.Length > limit)
        {
            throw new CascadeValueTooLargeException(payload.Length, limit);
        }

        long expiresAt = lifetime.CopyExpiry(services.Now, services.Settings.DatastoreSlack);
        return ApplyAsync(key, new SetChange(new DurableValue(payload, lifetime, expiresAt)), call);
    }

    /// <summary>Removes a value from every tier; a missing one is success.</summary>
    public ValueTask RemoveAsync(CacheKey key, CallContext call) => ApplyAsync(key, new RemoveChange(), call);

    private async ValueTask ApplyAsync(CacheKey key, IChange change, CallContext call)
    {
        IVolatileServer server = await volatileTier.FindServerAsync(key, call).ConfigureAwait(false);
        using KeyLock? held = await AcquireAsync(server, key, call).ConfigureAwait(false);
        if (held is null)
        {
            await ApplyWithoutLockAsync(server, key, change, call).ConfigureAwait(false);
            return;
        }

        long asOf = services.Now;
        long version = await CommitAsync(key, change, held, call).ConfigureAwait(false);

        // The change is made: what is left to do is done whether or not the caller still waits.
        CallContext rest = call.WithoutCancellation;
        if (!await held.ReleaseAsync(change.Committed(services, version, asOf), rest).ConfigureAwait(false))
        {
            backlog.Add(server, key, version);
        }
    }

    private async ValueTask<KeyLock?> AcquireAsync(IVolatileServer server, CacheKey key, CallContext call)
    {
        KeyLock? held = await KeyLock.TryAcquireAsync(services, server, key, call).ConfigureAwait(false);
        if (held is null || held.OutlivesCommit)
        {
            return held;
        }

        // Getting it took so long that a commit might land after it has run out. One that took too long twice is no lock.
        await RestoreAsync(held, call).ConfigureAwait(false);
        held = await KeyLock.TryAcquireAsync(services, server, key, call).ConfigureAwait(false);
        if (held is { OutlivesCommit: false })
        {
            await RestoreAsync(held, call).ConfigureAwait(false);
            return null;
        }

        return held;
    }

    private async ValueTask<long> CommitAsync(CacheKey key, IChange change, KeyLock held, CallContext call)
    {
        try
        {
            return (await change.CommitAsync(durable, key, call).ConfigureAwait(false)).Version;
        }
        catch (Exception e) when (MayHaveCommitted(e))
        {
            // The lock stays until the commit can no longer land: nobody may fill with what it would replace.
            services.Counters.Add(Counter.DatastoreUnknownOutcomes);
            CascadeLog.OutcomeUnknown(services.Logger, services.Settings.LockSeconds, e);
            throw;
        }
        catch (CascadeCacheException)
        {
            await held.RestoreAsync(call.WithoutCancellation).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask ApplyWithoutLockAsync(IVolatileServer server, CacheKey key, IChange change, CallContext call)
    {
        if (services.Settings.IsStrict)
        {
            throw new CascadeUnavailableException(
                $"memcached server {server.Name} could not lock the key, so nothing was written (CascadeConsistency.Strict). Check that the server can be reached and has memory.");
        }

        try
        {
            DurableWrite write = await change.CommitAsync(durable, key, call).ConfigureAwait(false);
            backlog.Add(server, key, write.Version);
        }
        catch (Exception e) when (MayHaveCommitted(e))
        {
            services.Counters.Add(Counter.DatastoreUnknownOutcomes);
            backlog.Add(server, key, Backlog.UnknownVersion);
            throw;
        }
    }

    private static async ValueTask RestoreAsync(KeyLock held, CallContext call)
    {
        using (held)
        {
            await held.RestoreAsync(call.WithoutCancellation).ConfigureAwait(false);
        }
    }

    private static bool MayHaveCommitted(Exception e) => e is CascadeOutcomeUnknownException or OperationCanceledException;

    private sealed class SetChange(DurableValue value) : IChange
    {
        public ValueTask<DurableWrite> CommitAsync(IDurableTier durable, CacheKey key, CallContext call) =>
            durable.WriteAsync(key, value, baseVersion: null, DurableCause.Set, call);

        public Entry Committed(FlowServices services, long version, long asOf) => services.EntryOf(value, version, asOf);
    }

    private sealed class RemoveChange : IChange
    {
        public ValueTask<DurableWrite> CommitAsync(IDurableTier durable, CacheKey key, CallContext call) =>
            durable.DeleteAsync(key, baseVersion: null, DurableCause.Remove, call);

        public Entry Committed(FlowServices services, long version, long asOf) => services.AbsentEntry(version, asOf);
    }
}
