namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// The requests of one connection that can be used again: a hit makes none. One rents at a time (under the connection's gate); anybody returns. The last one returned is among the next ones used, while
/// the processor's cache still has it.
/// </summary>
internal sealed class PendingRequests(ContinuationTimes times)
{
    // As many as wait at once in a busy process; a crowd beyond that is left to the collector.
    private const int Kept = 1024;

    // What was returned since the last time that nothing was left to rent: taken over as a whole, so that nobody ever takes one off a list that others change.
    private PendingRequest? _returned;
    private PendingRequest? _rentable;
    private int _count;

    /// <summary>How long what their callers do then takes.</summary>
    public ContinuationTimes Times { get; } = times;

    /// <summary>By one at a time.</summary>
    public PendingRequest Rent()
    {
        PendingRequest? request = _rentable ?? Interlocked.Exchange(ref _returned, null);
        if (request is null)
        {
            return new PendingRequest(this);
        }

        _rentable = request.Next;
        request.Next = null;
        Interlocked.Decrement(ref _count);
        return request;
    }

    public void Return(PendingRequest request)
    {
        if (Interlocked.Increment(ref _count) > Kept)
        {
            Interlocked.Decrement(ref _count);
            return;
        }

        PendingRequest? first = Volatile.Read(ref _returned);
        while (true)
        {
            request.Next = first;
            PendingRequest? seen = Interlocked.CompareExchange(ref _returned, request, first);
            if (ReferenceEquals(seen, first))
            {
                return;
            }

            first = seen;
        }
    }
}
