using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>
/// The keys that were written while their memcached server could not be reached: what the server holds of them may be older than what was
/// acknowledged. As soon as it answers they are checked and removed, and until then this process does not read that server. In memory, and
/// bounded: beyond the bound the server is left unread until everything that it could hold has outlived its allowed staleness.
/// </summary>
internal sealed class Backlog : IDisposable
{
    /// <summary>The version of a write that was made without a lock and may still land: newer than anything.</summary>
    public const long UnknownVersion = long.MaxValue;

    private const int Capacity = 100_000;
    private const string WorkName = "\0backlog";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly FlowServices _services;
    private readonly IVolatileTier _tier;
    private readonly BackgroundWork _background;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Dictionary<IVolatileServer, Pending> _pending = [];
    private volatile bool _isEmpty = true;

    public Backlog(FlowServices services, IVolatileTier tier, BackgroundWork background)
    {
        (_services, _tier, _background) = (services, tier, background);
        _timer = services.Time.CreateTimer(static state => ((Backlog)state!).StartDraining(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        tier.ServerReachable += OnServerReachable;
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

    public void Add(IVolatileServer server, CacheKey key, long version)
    {
        lock (_gate)
        {
            if (!_pending.TryGetValue(server, out Pending? pending))
            {
                pending = new Pending();
                _pending.Add(server, pending);
                CascadeLog.BacklogAdded(_services.Logger, server.Name);
                _timer.Change(Interval, Interval);
            }

            _services.Counters.Add(Counter.BacklogAdded);
            pending.Keys[key.Text] = new Item(key, Math.Max(version, pending.Keys.GetValueOrDefault(key.Text).Version));
            if (pending.Keys.Count > Capacity)
            {
                Overflow(server, pending);
            }

            _isEmpty = false;
        }
    }

    /// <summary>Checks every key whose server answers.</summary>
    public async ValueTask DrainAsync(CallContext call)
    {
        foreach ((IVolatileServer server, Item[] items, long? blockedSince) in Snapshot())
        {
            if (blockedSince is { } since && _services.Time.GetElapsedTime(since) < _services.Settings.MaxStaleness)
            {
                continue;
            }

            int drained = 0;
            foreach (Item item in items)
            {
                if (!await SettleAsync(item, call).ConfigureAwait(false))
                {
                    break;
                }

                drained++;
                Remove(server, item);
            }

            Forget(server, drained);
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

    private async ValueTask<bool> SettleAsync(Item item, CallContext call)
    {
        IVolatileServer server = await _tier.FindServerAsync(item.Key, call).ConfigureAwait(false);
        if (item.Version == UnknownVersion)
        {
            // The commit may still land: a lock that nobody releases keeps readers from filling until it no longer can.
            using KeyLock? held = await KeyLock.TryAcquireAsync(_services, server, item.Key, call).ConfigureAwait(false);
            return held is not null;
        }

        Entry committed = _services.AbsentEntry(item.Version);
        return await new KeyCheck(_services, server, item.Key).RunAsync(Guid.Empty, committed, call).ConfigureAwait(false);
    }

    private List<(IVolatileServer Server, Item[] Items, long? BlockedSince)> Snapshot()
    {
        lock (_gate)
        {
            return [.. _pending.Select(p => (p.Key, p.Value.Keys.Values.ToArray(), p.Value.BlockedSince))];
        }
    }

    private void Remove(IVolatileServer server, Item item)
    {
        lock (_gate)
        {
            // A later write of the key put it back with its own version: that one is still to be checked.
            if (_pending.TryGetValue(server, out Pending? pending) && pending.Keys.TryGetValue(item.Key.Text, out Item now) && now.Version == item.Version)
            {
                pending.Keys.Remove(item.Key.Text);
            }
        }
    }

    private void Forget(IVolatileServer server, int drained)
    {
        lock (_gate)
        {
            _services.Counters.Add(Counter.BacklogDrained, drained);
            if (!_pending.TryGetValue(server, out Pending? pending) || pending.Keys.Count > 0)
            {
                return;
            }

            _pending.Remove(server);
            CascadeLog.BacklogDrained(_services.Logger, drained, server.Name);
            _isEmpty = _pending.Count == 0;
            if (_isEmpty)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Overflow(IVolatileServer server, Pending pending)
    {
        pending.Keys.Clear();
        pending.BlockedSince = _services.Time.GetTimestamp();
        _services.Counters.Add(Counter.BacklogOverflows);
        CascadeLog.BacklogOverflow(_services.Logger, Capacity, server.Name, _services.Settings.MaxStaleness);
    }

    private sealed class Pending
    {
        public Dictionary<string, Item> Keys { get; } = new(StringComparer.Ordinal);

        /// <summary>When the keys became too many to remember.</summary>
        public long? BlockedSince { get; set; }
    }

    private readonly record struct Item(CacheKey Key, long Version);
}
