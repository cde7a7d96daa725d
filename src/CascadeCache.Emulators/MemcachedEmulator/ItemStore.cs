namespace CascadeCache.Emulators.Memcached;

/// <summary>
/// All items, the CAS counter, the LRU order and the counters. Not thread safe: every caller holds <see cref="Gate"/> for the
/// whole of one command, which is what makes each command atomic.
/// </summary>
internal sealed class ItemStore(ServerClock clock, long maxBytes, int maxItemBytes)
{
    private readonly Dictionary<byte[], CacheItem> _items = new(KeyComparer.Instance);
    private readonly LinkedList<CacheItem> _evictable = [];
    private readonly LinkedList<CacheItem> _temporary = [];
    private ulong _lastCas;
    private uint _flushUpTo;
    private ulong _flushBelowCas;

    public Lock Gate { get; } = new();

    public ServerClock Clock { get; } = clock;

    public ServerCounters Counters { get; private set; } = new();

    public long MaxBytes { get; } = maxBytes;

    public int MaxItemBytes { get; } = maxItemBytes;

    public long Bytes { get; private set; }

    public int Count => _items.Count;

    /// <summary>Items that live at most this many seconds are never evicted; null when the rule is off, as by default.</summary>
    public int? TemporaryTtl { get; set; }

    public void ResetCounters() => Counters = new ServerCounters();

    /// <summary>The live item, or null. Removes what has expired or was flushed.</summary>
    public CacheItem? Find(ReadOnlySpan<byte> key)
    {
        if (!_items.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var item))
        {
            return null;
        }

        var now = Clock.Now;
        if (IsFlushed(item, now))
        {
            Counters.GetFlushed++;
        }
        else if (item.Expiry != 0 && item.Expiry <= now)
        {
            Counters.GetExpired++;
        }
        else
        {
            return item;
        }

        Remove(item);
        return null;
    }

    /// <summary>
    /// Counts as a use. A real server leaves the access time alone at the first fetch after a store, and later sets it only
    /// as its background threads allow; here each use after the first sets it.
    /// </summary>
    public void Bump(CacheItem item)
    {
        if (item.Fetched)
        {
            item.Time = Clock.Now;
        }

        item.Fetched = true;
        MoveToFront(item);
    }

    public bool FitsLimit(int keyLength, uint clientFlags, int valueLength) =>
        CacheItem.BytesOf(keyLength, clientFlags, valueLength) <= MaxItemBytes;

    /// <summary>Evicts until so many bytes are free; false when all that is left may not be evicted.</summary>
    public bool MakeRoom(long bytes)
    {
        while (Bytes + bytes > MaxBytes)
        {
            if (_evictable.Last is not { } last)
            {
                return false;
            }

            Counters.Evictions++;
            Remove(last.Value);
        }

        return true;
    }

    /// <summary>Makes the item the one under its key, with the next CAS. Any older one must have been removed.</summary>
    public void Link(CacheItem item)
    {
        item.Time = Clock.Now;
        item.Cas = NextCas();
        _items.Add(item.Key, item);
        item.Node = ListFor(item).AddFirst(item);
        Bytes += item.Bytes;
        Counters.TotalItems++;
    }

    public void Remove(CacheItem item)
    {
        _items.Remove(item.Key);
        item.Node?.List?.Remove(item.Node);
        item.Node = null;
        Bytes -= item.Bytes;
    }

    /// <summary>Most recently used from now on, without counting as a fetch.</summary>
    public void Renew(CacheItem item)
    {
        item.Time = Clock.Now;
        MoveToFront(item);
    }

    public ulong NextCas() => ++_lastCas;

    /// <summary>Everything stored before now, or before the moment <paramref name="delay"/> seconds ahead, is gone then.</summary>
    public void Flush(int delay)
    {
        Counters.Flushes++;
        var now = Clock.Now;

        // The new mark replaces the old one. On a real server what the old one hid, and its background threads have not
        // collected yet, comes back when the new one lies ahead; that is left out.
        foreach (var flushed in _items.Values.Where(item => IsFlushed(item, now)).ToList())
        {
            Remove(flushed);
        }

        _flushUpTo = (delay > 0 ? Clock.ExpiryFrom(delay) : now) - 1;
        if (_flushUpTo <= now)
        {
            // Within one second only the CAS tells what was stored before the flush.
            _flushBelowCas = NextCas();
        }
    }

    private static void MoveToFront(CacheItem item)
    {
        if (item.Node is { List: { } list } node)
        {
            list.Remove(node);
            list.AddFirst(node);
        }
    }

    private bool IsFlushed(CacheItem item, uint now) =>
        _flushUpTo != 0 && _flushUpTo <= now && (item.Time <= _flushUpTo || item.Cas < _flushBelowCas);

    // A placeholder gets its lifetime only after it was linked, so it is always evictable: as on a real server.
    private LinkedList<CacheItem> ListFor(CacheItem item) =>
        TemporaryTtl is { } ttl && item.Expiry != 0 && item.Expiry - Clock.Now <= ttl ? _temporary : _evictable;
}
