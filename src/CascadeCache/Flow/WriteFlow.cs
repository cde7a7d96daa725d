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
        ValueTask<DurableWrite> CommitAsync(IDurableTier durable, CacheKey key, long replacedBytes, CallContext call);

        Entry Committed(FlowServices services, long version, long asOf);
    }

    /// <summary>Stores a value where the condition holds.</summary>
    public ValueTask<DurableWrite> SetAsync(CacheKey key, DurableValue value, WriteCondition condition, CallContext call) =>
        ApplyAsync(key, new SetChange(value, condition), call);

    /// <summary>Removes a value from every tier; a missing one is success unless a version was given.</summary>
    public ValueTask<DurableWrite> RemoveAsync(CacheKey key, long? baseVersion, CallContext call) => ApplyAsync(key, new RemoveChange(baseVersion), call);

    /// <summary>Removes what memcache holds of a key if that is older than a version that the durable tier has reached.</summary>
    public async ValueTask ForgetOlderAsync(CacheKey key, long version, CallContext call)
    {
        IVolatileServer server = await volatileTier.FindServerAsync(key, call).ConfigureAwait(false);
        await new KeyCheck(services, server, key).RunAsync(Guid.Empty, version, committed: null, call).ConfigureAwait(false);
    }

    private async ValueTask<DurableWrite> ApplyAsync(CacheKey key, IChange change, CallContext call)
    {
        IVolatileServer server = await volatileTier.FindServerAsync(key, call).ConfigureAwait(false);
        using KeyLock? held = await AcquireAsync(server, key, call).ConfigureAwait(false);
        if (held is null)
        {
            return await ApplyWithoutLockAsync(server, key, change, call).ConfigureAwait(false);
        }

        long asOf = services.Now;
        DurableWrite write = await CommitAsync(key, change, held, call).ConfigureAwait(false);

        // What is left to do is done whether or not the caller still waits.
        CallContext rest = call.WithoutCancellation;
        if (!write.IsApplied)
        {
            // A copy that is older than what the store told is not given back, or the caller would read it again and fail again.
            await held.RestoreAsync(write.Version, rest).ConfigureAwait(false);
        }
        else if (!await held.ReleaseAsync(change.Committed(services, write.Version, asOf), rest).ConfigureAwait(false))
        {
            backlog.Add(server, key, write.Version);
        }

        return write;
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

    private async ValueTask<DurableWrite> CommitAsync(CacheKey key, IChange change, KeyLock held, CallContext call)
    {
        try
        {
            return await change.CommitAsync(durable, key, held.ReplacedBytes, call).ConfigureAwait(false);
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
            await held.RestoreAsync(KeyLock.AnyVersion, call.WithoutCancellation).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<DurableWrite> ApplyWithoutLockAsync(IVolatileServer server, CacheKey key, IChange change, CallContext call)
    {
        if (services.Settings.IsStrict)
        {
            throw new CascadeUnavailableException(
                $"memcached server {server.Name} could not lock the key, so nothing was written (CascadeConsistency.Strict). Check that the server can be reached and has memory.");
        }

        try
        {
            DurableWrite write = await change.CommitAsync(durable, key, replacedBytes: 0, call).ConfigureAwait(false);
            if (write.IsApplied)
            {
                backlog.Add(server, key, write.Version);
            }

            return write;
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
            await held.RestoreAsync(KeyLock.AnyVersion, call.WithoutCancellation).ConfigureAwait(false);
        }
    }

    private static bool MayHaveCommitted(Exception e) => e is CascadeOutcomeUnknownException or OperationCanceledException;

    private sealed class SetChange(DurableValue value, WriteCondition condition) : IChange
    {
        public ValueTask<DurableWrite> CommitAsync(IDurableTier durable, CacheKey key, long replacedBytes, CallContext call) =>
            durable.WriteAsync(key, value, condition, DurableCause.Set, call, replacedBytes);

        public Entry Committed(FlowServices services, long version, long asOf) => services.EntryOf(value, version, asOf);
    }

    private sealed class RemoveChange(long? baseVersion) : IChange
    {
        public ValueTask<DurableWrite> CommitAsync(IDurableTier durable, CacheKey key, long replacedBytes, CallContext call) =>
            durable.DeleteAsync(key, baseVersion, DurableCause.Remove, call, replacedBytes);

        public Entry Committed(FlowServices services, long version, long asOf) => services.AbsentEntry(version, asOf);
    }
}
