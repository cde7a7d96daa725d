using CascadeCache.Tiers;

namespace CascadeCache.TestKit.Fakes;

/// <summary>
/// One memcached server in memory, shared by the processes of a test (<see cref="FakeVolatileTier"/>): compare-and-set numbers that begin anew
/// with every start, leases of which one reader wins, times to live in whole seconds of its own clock. Thread-safe.
/// </summary>
internal sealed class FakeVolatileServer(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Item> _items = new(StringComparer.Ordinal);
    private ulong _lastCas;
    private DateTimeOffset _startedAt = time.GetUtcNow() - TimeSpan.FromDays(1);

    public long Life { get; private set; } = 1;

    public long ItemLimit { get; set; } = 1_048_000;

    /// <summary>False: a connection has not learned the server's age yet.</summary>
    public bool TellsAge { get; set; } = true;

    public TimeSpan? MinimumAge => TellsAge ? time.GetUtcNow() - _startedAt : null;

    /// <summary>The server's process ends and another begins: no memory, no connections, numbers from 1.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            _items.Clear();
            _lastCas = 0;
            Life++;
            _startedAt = time.GetUtcNow();
        }
    }

    /// <summary>Drops one item, as a server short of memory does.</summary>
    public void Evict(string name)
    {
        lock (_gate)
        {
            _items.Remove(name);
        }
    }

    /// <summary>Puts bytes there as another program would.</summary>
    public void Plant(string name, byte[] bytes, uint flags, int seconds = 3600)
    {
        lock (_gate)
        {
            _items[name] = new Item(bytes, flags, ++_lastCas, ServerClock + seconds);
        }
    }

    /// <summary>What is there; null for nothing.</summary>
    public StoredItem? Peek(string name)
    {
        lock (_gate)
        {
            return Find(name) is { } item ? new StoredItem(item.Bytes, item.Flags, (int)(item.ExpiresAt - ServerClock)) : null;
        }
    }

    /// <summary>The item's number; null: there is no item.</summary>
    public ulong? CasOf(string name)
    {
        lock (_gate)
        {
            return Find(name)?.Cas;
        }
    }

    public Found Read(string name, int leaseSeconds)
    {
        lock (_gate)
        {
            if (Find(name) is { } item)
            {
                VolatileStatus status = item.Bytes.Length > 0 ? VolatileStatus.Hit : VolatileStatus.LeaseHeld;
                return new Found(status, item.Cas, item.Flags, (int)(item.ExpiresAt - ServerClock), item.Bytes);
            }

            if (leaseSeconds == 0)
            {
                return new Found(VolatileStatus.Miss, 0, 0, 0, []);
            }

            item = new Item([], 0, ++_lastCas, ServerClock + leaseSeconds);
            _items[name] = item;
            return new Found(VolatileStatus.LeaseWon, item.Cas, 0, leaseSeconds, []);
        }
    }

    /// <param name="name">The item.</param>
    /// <param name="cas">The number it must still have; null: whatever is there.</param>
    /// <param name="bytes">Its new content; null: delete it.</param>
    /// <param name="flags">Its new flags.</param>
    /// <param name="seconds">Its new time to live.</param>
    public (VolatileWriteStatus Status, ulong Cas) Change(string name, ulong? cas, byte[]? bytes, uint flags, int seconds)
    {
        lock (_gate)
        {
            Item? item = Find(name);
            if (bytes is not null && bytes.Length > ItemLimit)
            {
                _items.Remove(name); // as the real one does, whatever the number
                return (VolatileWriteStatus.Refused, 0);
            }

            if (item is null && (cas is not null || bytes is null))
            {
                return (VolatileWriteStatus.NotFound, 0);
            }

            if (cas is not null && item!.Cas != cas)
            {
                return (VolatileWriteStatus.Conflict, 0);
            }

            if (bytes is null)
            {
                _items.Remove(name);
                return (VolatileWriteStatus.Done, 0);
            }

            _items[name] = new Item(bytes, flags, ++_lastCas, ServerClock + seconds);
            return (VolatileWriteStatus.Done, _lastCas);
        }
    }

    private long ServerClock => time.GetUtcNow().ToUnixTimeSeconds();

    private Item? Find(string name)
    {
        if (_items.TryGetValue(name, out Item? item) && item.ExpiresAt <= ServerClock)
        {
            _items.Remove(name);
            item = null;
        }

        return item;
    }

    internal readonly record struct Found(VolatileStatus Status, ulong Cas, uint Flags, int SecondsToLive, byte[] Bytes);

    /// <summary>An item as a test sees it.</summary>
    internal sealed record StoredItem(byte[] Bytes, uint Flags, int SecondsToLive);

    private sealed record Item(byte[] Bytes, uint Flags, ulong Cas, long ExpiresAt);
}
