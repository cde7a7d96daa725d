using System.Buffers;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>
/// One writer's lock on one key in memcache, from before its commit until after it. While any lock stands readers go to the durable tier and fill
/// nothing. Every step is a compare-and-set on what was seen; nobody waits for anybody.
/// </summary>
/// <remarks>
/// The key is never without some writer's mark from before a commit until after it. A mark is replaced by a value only by a writer that was alone
/// all the time: two writers that meet leave the lock contended, each takes itself out, and the last one deletes the item, so that
/// the next reader may fill at once. Used by one operation, on one thread at a time. Owns the memory of what it replaced: dispose it.
/// </remarks>
internal sealed class KeyLock : IDisposable
{
    // Each lost race is another writer's progress, so a crowd of n writers needs n rounds at most; silence is not worth waiting for.
    private const int MaxRounds = 128;
    private const int MaxSilences = 2;

    // What is larger has memory of its own.
    private const int LargestCopied = 16 * 1024;

    /// <summary>Older than anything: what stood under the lock is given back whatever its version.</summary>
    public const long AnyVersion = long.MinValue;

    private readonly FlowServices _services;
    private readonly IVolatileServer _server;
    private readonly CacheKey _key;
    private readonly Guid _writer;
    private readonly VolatileToken _token;
    private readonly VolatileRead _replaced;
    private readonly bool _isExclusive;
    private readonly long _started;

    private KeyLock(FlowServices services, IVolatileServer server, CacheKey key, Guid writer, VolatileToken token, in VolatileRead replaced, bool isExclusive, long started)
    {
        (_services, _server, _key, _writer) = (services, server, key, writer);
        (_token, _replaced, _isExclusive, _started) = (token, replaced, isExclusive, started);
    }

    /// <summary>
    /// Whether the lock surely stands until a commit that begins now has taken effect or never will. Measured from before the lock was sent, because
    /// the server counts from when it got it.
    /// </summary>
    public bool OutlivesCommit =>
        _services.Time.GetElapsedTime(_started) < _services.Settings.MaxLockAgeAtCommit;

    /// <summary>How large what the lock replaced is; 0 if memcache did not know. A hint: the item was not checked.</summary>
    public long ReplacedBytes => _replaced.Status == VolatileStatus.Hit ? EntryFormat.ValueBytes(EntryFlags.KindOf(_replaced.Flags), _replaced.Item.Span) : 0;

    /// <summary>Takes the lock, alone or beside other writers.</summary>
    /// <returns>Null: the server does not answer or has no memory for a lock.</returns>
    public static async ValueTask<KeyLock?> TryAcquireAsync(FlowServices services, IVolatileServer server, CacheKey key, CallContext call)
    {
        Guid writer = services.NewWriterId();
        long began = services.Time.GetTimestamp();
        int silences = 0;
        for (int round = 0; round < MaxRounds && silences < MaxSilences && services.Time.GetElapsedTime(began) <= services.Settings.MemcacheTime; round++)
        {
            long started = services.Time.GetTimestamp();
            VolatileRead look = await server.ReadAsync(key, withValue: true, FlowSettings.LeaseSeconds, call).ConfigureAwait(false);
            bool taken = false;
            try
            {
                if (look.Status == VolatileStatus.Miss)
                {
                    return null; // no memory even for a placeholder
                }

                if (look.Status == VolatileStatus.Unavailable)
                {
                    silences++;
                    continue;
                }

                LockRecord mine = LockOver(look, services.MayHaveLostLocks(server)).With(writer, services.Settings.LockSeconds);
                VolatileWrite take = await server.CompareAndSetAsync(key, look.Token, VolatileItems.ForLock(mine), call).ConfigureAwait(false);
                if (take.IsDone)
                {
                    taken = true;
                    if (mine.Contended)
                    {
                        services.Counters.Add(Counter.MemcacheContendedWrites);
                    }

                    return new KeyLock(services, server, key, writer, take.Token, Kept(look), !mine.Contended, started);
                }

                silences += take.Status is VolatileWriteStatus.Unavailable or VolatileWriteStatus.Refused ? 1 : 0;
            }
            finally
            {
                if (!taken)
                {
                    look.Dispose();
                }
            }
        }

        return null;
    }

    /// <summary>Publishes the committed entry if this writer was alone, otherwise takes itself out.</summary>
    /// <returns>False: the server cannot be reached any more; the key has to go on the backlog.</returns>
    public async ValueTask<bool> ReleaseAsync(Entry committed, CallContext call)
    {
        if (_isExclusive)
        {
            using VolatileItem item = _services.Items.ForEntry(_server, _key, committed);
            if ((await _server.CompareAndSetAsync(_key, _token, item, call).ConfigureAwait(false)).IsDone)
            {
                _services.Counters.Add(Counter.MemcachePublishes);
                return true;
            }
        }

        return await new KeyCheck(_services, _server, _key).RunAsync(_writer, committed.Version, committed, call).ConfigureAwait(false);
    }

    /// <summary>
    /// Gives back what stood there before, after a commit that surely did not happen: entries that memcache could serve stay servable while the
    /// durable tier is down. If that fails the lock runs out by itself.
    /// </summary>
    /// <param name="leastVersion">The version that the durable tier is known to have reached; what is older is removed instead.</param>
    /// <param name="call">How the caller waits.</param>
    public async ValueTask RestoreAsync(long leastVersion, CallContext call)
    {
        if (!_isExclusive)
        {
            await new KeyCheck(_services, _server, _key).RunAsync(_writer, leastVersion, committed: null, call).ConfigureAwait(false);
            return;
        }

        VolatileView before = VolatileView.Of(_replaced, _key, _services.Now);
        if (before.Meaning is VolatileMeaning.Value or VolatileMeaning.Absent or VolatileMeaning.Bypass && before.Entry.Version >= leastVersion)
        {
            using VolatileItem item = _services.Items.ForEntry(_server, _key, before.Entry);
            await _server.CompareAndSetAsync(_key, _token, item, call).ConfigureAwait(false);
        }
        else
        {
            await _server.DeleteAsync(_key, _token, call).ConfigureAwait(false);
        }
    }

    public void Dispose() => _replaced.Dispose();

    // A commit can take seconds, and a small answer's memory is part of a block of many: each write that waits would keep a whole one.
    private static VolatileRead Kept(in VolatileRead look)
    {
        if (look.Item.IsEmpty || look.Item.Length > LargestCopied)
        {
            return look;
        }

        using (look)
        {
            var copy = new PooledBytes(ArrayPool<byte>.Shared, look.Item.Length);
            look.Item.CopyTo(copy.Memory);
            return look with { Item = copy.Memory, Loan = new Loan(copy) };
        }
    }

    private static LockRecord LockOver(in VolatileRead look, bool mayHaveLostLocks)
    {
        LockRecord seen = look.Status == VolatileStatus.Hit && EntryFlags.KindOf(look.Flags) == EntryKind.Lock
            ? LockRecord.Read(look.Item.Span, look.SecondsToLive)
            : LockRecord.Empty(contended: false);
        return mayHaveLostLocks ? seen.AsContended() : seen;
    }
}
