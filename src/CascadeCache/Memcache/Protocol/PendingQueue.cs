namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// The requests that wait for their replies, in wire order. Added under the connection's gate, taken out by its reader; others look. A ring that is used again and again, where
/// the framework's queue makes new memory each time somebody looks at its first element. Safe for use by any thread.
/// </summary>
internal sealed class PendingQueue
{
    private const int InitialSize = 64;

    private readonly Lock _gate = new();
    private PendingRequest?[] _ring = new PendingRequest?[InitialSize];
    private int _first;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public bool IsEmpty => Count == 0;

    public void Enqueue(PendingRequest request)
    {
        lock (_gate)
        {
            if (_count == _ring.Length)
            {
                Grow();
            }

            _ring[(_first + _count) & (_ring.Length - 1)] = request;
            _count++;
        }
    }

    /// <summary>The oldest; null: none waits.</summary>
    public PendingRequest? Peek()
    {
        lock (_gate)
        {
            return _ring[_first];
        }
    }

    /// <summary>Takes the oldest out; null: none waits.</summary>
    public PendingRequest? Dequeue()
    {
        lock (_gate)
        {
            if (_ring[_first] is not { } request)
            {
                return null;
            }

            _ring[_first] = null;
            _first = (_first + 1) & (_ring.Length - 1);
            _count--;
            return request;
        }
    }

    /// <summary>All that wait at this moment, the oldest first.</summary>
    public PendingRequest[] Snapshot()
    {
        lock (_gate)
        {
            var all = new PendingRequest[_count];
            for (int i = 0; i < all.Length; i++)
            {
                all[i] = _ring[(_first + i) & (_ring.Length - 1)]!;
            }

            return all;
        }
    }

    /// <summary>Under the gate.</summary>
    private void Grow()
    {
        var larger = new PendingRequest?[_ring.Length * 2];
        for (int i = 0; i < _count; i++)
        {
            larger[i] = _ring[(_first + i) & (_ring.Length - 1)];
        }

        (_ring, _first) = (larger, 0);
    }
}
