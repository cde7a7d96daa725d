using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>
/// The keys that were written while their memcached server could not be reached: what the server holds of them may be older than what was
/// acknowledged. As soon as it answers they are checked and removed, and until then this process does not read that server. In memory, and
/// bounded: beyond the bound the keys are forgotten together, and every copy that the server holds from before that moment is outdated.
/// </summary>
internal sealed class Backlog : IDisposable
{
    /// <summary>The version of a write that was made without a lock and may still land: newer than anything.</summary>
    public const long UnknownVersion = long.MaxValue;

    // So many keys are checked at once: the server is not read until all of them are.
    private const int Lanes = 32;

    private const string WorkName = "\0backlog";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly FlowServices _services;
    private readonly IVolatileTier _tier;
    private readonly BackgroundWork _background;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Dictionary<IVolatileServer, Dictionary<string, Item>> _pending = [];

    // Per server, the least FreshUntil of a copy that was made after keys of it were forgotten.
    private readonly Dictionary<IVolatileServer, long> _epochs = [];
    private volatile bool _isEmpty = true;

    public Backlog(FlowServices services, IVolatileTier tier, BackgroundWork background)
    {
        (_services, _tier, _background) = (services, tier, background);
        _timer = services.Time.CreateTimer(static state => ((Backlog)state!).StartDraining(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        tier.ServerReachable += OnServerReachable;
    }

    /// <summary>Whether every server may be read.</summary>
    public bool IsEmpty => _isEmpty;

    /// <summary>How many keys wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _pending.Sum(static p => p.Value.Count);
            }
        }
    }

    /// <summary>Whether this process must not read the server now.</summary>
    public bool Blocks(IVolatileServer server)
    {
        if (_isEmpty)
        {
            return false;
        }

        lock (_gate)
        {
            return _pending.ContainsKey(server) || _pending.Keys.Any(static s => s.IsStandIn);
        }
    }

    /// <summary>
    /// Until when a copy on this server has to be fresh to be believed. A later one was made after all writes that the backlog has forgotten; an earlier one may be older
    /// than they are, and is as good as a lease to replace it.
    /// </summary>
    /// <remarks>Compares this process's clock with that of the copy's maker, and its <c>MaxStaleness</c> with the maker's.</remarks>
    public long BelievedFrom(IVolatileServer server)
    {
        if (_isEmpty)
        {
            return long.MinValue;
        }

        lock (_gate)
        {
            long now = _services.Now;
            long latest = long.MinValue;
            foreach ((IVolatileServer forgetful, long epoch) in _epochs.ToArray())
            {
                if (epoch <= now)
                {
                    _epochs.Remove(forgetful); // every older copy has ended by itself
                }
                else if (forgetful.IsStandIn || forgetful.Equals(server))
                {
                    latest = Math.Max(latest, epoch);
                }
            }

            UpdateIsEmpty();
            return latest;
        }
    }

    public void Add(IVolatileServer server, CacheKey key, long version)
    {
        lock (_gate)
        {
            if (!_pending.TryGetValue(server, out Dictionary<string, Item>? pending))
            {
                pending = new Dictionary<string, Item>(StringComparer.Ordinal);
                _pending.Add(server, pending);
                CascadeLog.BacklogAdded(_services.Logger, server.Name);
                _timer.Change(Interval, Interval);
            }

            _services.Counters.Add(Counter.BacklogAdded);
            pending[key.Text] = new Item(key, Math.Max(version, pending.GetValueOrDefault(key.Text).Version));
            if (pending.Count > _services.Settings.BacklogCapacity)
            {
                Overflow(server, pending);
            }

            UpdateIsEmpty();
        }
    }

    /// <summary>Checks every key whose server answers.</summary>
    public async ValueTask DrainAsync(CallContext call)
    {
        foreach ((IVolatileServer server, Item[] items) in Snapshot())
        {
            Forget(server, await DrainAsync(server, items, call).ConfigureAwait(false));
        }
    }

    public void Dispose()
    {
        _tier.ServerReachable -= OnServerReachable;
        _timer.Dispose();
    }

    private void OnServerReachable(IVolatileServer server)
    {
        if (!_isEmpty)
        {
            StartDraining();
        }
    }

    private void StartDraining() => _background.TryRun(WorkName, DrainAsync);

    private async ValueTask<int> DrainAsync(IVolatileServer server, Item[] items, CallContext call)
    {
        int drained = 0;
        foreach (Item[] some in items.Chunk(Lanes))
        {
            call.CancellationToken.ThrowIfCancellationRequested();
            bool[] settled = await Task.WhenAll(some.Select(item => SettleAsync(item, call).AsTask())).ConfigureAwait(false);
            for (int i = 0; i < some.Length; i++)
            {
                if (settled[i])
                {
                    drained++;
                    Remove(server, some[i]);
                }
            }

            if (settled.Contains(false))
            {
                break;
            }
        }

        return drained;
    }

    private async ValueTask<bool> SettleAsync(Item item, CallContext call)
    {
        IVolatileServer server = await _tier.FindServerAsync(item.Key, call).ConfigureAwait(false);
        if (item.Version == UnknownVersion)
        {
            // The commit may still land: a lock that nobody releases keeps readers from filling until it no longer can.
            using KeyLock? held = await KeyLock.TryAcquireAsync(_services, server, item.Key, call).ConfigureAwait(false);
            return held is not null;
        }

        return await new KeyCheck(_services, server, item.Key).RunAsync(Guid.Empty, item.Version, committed: null, call).ConfigureAwait(false);
    }

    private List<(IVolatileServer Server, Item[] Items)> Snapshot()
    {
        lock (_gate)
        {
            return [.. _pending.Select(static p => (p.Key, p.Value.Values.ToArray()))];
        }
    }

    private void Remove(IVolatileServer server, Item item)
    {
        lock (_gate)
        {
            // A later write of the key put it back with its own version: that one is still to be checked.
            if (_pending.TryGetValue(server, out Dictionary<string, Item>? pending) && pending.TryGetValue(item.Key.Text, out Item now) && now.Version == item.Version)
            {
                pending.Remove(item.Key.Text);
            }
        }
    }

    private void Forget(IVolatileServer server, int drained)
    {
        lock (_gate)
        {
            _services.Counters.Add(Counter.BacklogDrained, drained);
            if (!_pending.TryGetValue(server, out Dictionary<string, Item>? pending) || pending.Count > 0)
            {
                return;
            }

            _pending.Remove(server);
            CascadeLog.BacklogDrained(_services.Logger, drained, server.Name);
            UpdateIsEmpty();
            if (_pending.Count == 0)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Under the gate.</summary>
    private void UpdateIsEmpty() => _isEmpty = _pending.Count == 0 && _epochs.Count == 0;

    /// <summary>Under the gate.</summary>
    private void Overflow(IVolatileServer server, Dictionary<string, Item> pending)
    {
        pending.Clear();

        // The lock time on top: for so long a forgotten write of unknown outcome may still land, and a fill that began to read before one may still be made.
        FlowSettings settings = _services.Settings;
        _epochs[server] = _services.Now + (long)(settings.LockTime + settings.MaxStaleness).TotalMilliseconds;
        _services.Counters.Add(Counter.BacklogOverflows);
        CascadeLog.BacklogOverflow(_services.Logger, settings.BacklogCapacity, server.Name);
    }

    private readonly record struct Item(CacheKey Key, long Version);
}
