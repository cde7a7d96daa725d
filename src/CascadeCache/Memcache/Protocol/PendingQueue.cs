namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// The requests that wait for their replies, in wire order. One adds at a time (under the connection's gate), one takes out (the connection's reader); both without a lock, and
/// without new memory but when more wait than ever before. Others may look, and see what was there a moment ago.
/// </summary>
/// <remarks>
/// A ring that only the adder replaces, by one with all that is in it. Whoever has read <c>_tail</c> sees the ring in which everything before that tail is. The one who takes out may still read an
/// old ring for what was in that too: it is the same there.
/// </remarks>
internal sealed class PendingQueue
{
    private const int InitialSize = 64;

    private PendingRequest?[] _ring = new PendingRequest?[InitialSize];

    // Both only grow; a place is the number without what exceeds the ring.
    private long _head;
    private long _tail;

    public int Count => (int)Math.Max(0, Volatile.Read(ref _tail) - Volatile.Read(ref _head));

    public bool IsEmpty => Count == 0;

    /// <summary>By one at a time.</summary>
    public void Enqueue(PendingRequest request)
    {
        long tail = _tail;
        PendingRequest?[] ring = _ring;
        if (tail - Volatile.Read(ref _head) >= ring.Length)
        {
            ring = Grow(ring, tail);
        }

        ring[tail & (ring.Length - 1)] = request;
        Volatile.Write(ref _tail, tail + 1);
    }

    /// <summary>The oldest; null: none waits. Certain only for the one who takes out.</summary>
    public PendingRequest? Peek()
    {
        long head = Volatile.Read(ref _head);
        if (head >= Volatile.Read(ref _tail))
        {
            return null;
        }

        PendingRequest?[] ring = Volatile.Read(ref _ring);
        return ring[head & (ring.Length - 1)];
    }

    /// <summary>Takes the oldest out; null: none waits. By one only.</summary>
    public PendingRequest? Dequeue()
    {
        PendingRequest? request = Peek();
        if (request is not null)
        {
            Volatile.Write(ref _head, _head + 1);
        }

        return request;
    }

    /// <summary>All that wait, the oldest first; those that are taken out meanwhile may be among them.</summary>
    public PendingRequest[] Snapshot()
    {
        long head = Volatile.Read(ref _head);
        long tail = Volatile.Read(ref _tail);
        PendingRequest?[] ring = Volatile.Read(ref _ring);
        var all = new List<PendingRequest>();
        for (long place = Math.Max(head, tail - ring.Length); place < tail; place++)
        {
            if (ring[place & (ring.Length - 1)] is { } request)
            {
                all.Add(request);
            }
        }

        return [.. all];
    }

    private PendingRequest?[] Grow(PendingRequest?[] ring, long tail)
    {
        var larger = new PendingRequest?[ring.Length * 2];
        for (long place = tail - ring.Length; place < tail; place++)
        {
            larger[place & (larger.Length - 1)] = ring[place & (ring.Length - 1)];
        }

        Volatile.Write(ref _ring, larger);
        return larger;
    }
}
