using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Memcache.Connections;

/// <summary>Requests that have their replies, and whose callers are still to be woken, one after the other: by the reader, and by whoever takes its place. One adds, before anybody takes.</summary>
internal sealed class ReadyRequests
{
    private PendingRequest?[] _requests = new PendingRequest?[64];
    private int _taken;

    public int Count { get; private set; }

    public void Add(PendingRequest request)
    {
        if (Count == _requests.Length)
        {
            Array.Resize(ref _requests, Count * 2);
        }

        _requests[Count++] = request;
    }

    /// <summary>By any thread; each gets another one.</summary>
    public PendingRequest? Take() => Interlocked.Increment(ref _taken) - 1 is var place && place < Count ? _requests[place] : null;

    /// <summary>Starts again. By the one who adds, when nobody takes any more.</summary>
    public void Clear() => (Count, _taken) = (0, 0);

    /// <summary>Leaves those that nobody has taken to the thread pool.</summary>
    public void WakeOnPool()
    {
        while (Take() is { } request)
        {
            request.WakeOnPool();
        }
    }
}
