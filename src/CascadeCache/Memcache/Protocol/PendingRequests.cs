namespace CascadeCache.Memcache.Protocol;

/// <summary>The requests of one connection that can be used again: a hit makes none. The last one returned is the next one used, while the processor's cache still has it. Safe for use by any thread.</summary>
internal sealed class PendingRequests
{
    // As many as wait at once in a busy process; a crowd beyond that is left to the collector.
    private const int Kept = 1024;

    private readonly Lock _gate = new();
    private readonly PendingRequest[] _free = new PendingRequest[Kept];
    private int _count;

    public PendingRequest Rent()
    {
        lock (_gate)
        {
            return _count > 0 ? _free[--_count] : new PendingRequest(this);
        }
    }

    public void Return(PendingRequest request)
    {
        lock (_gate)
        {
            if (_count < Kept)
            {
                _free[_count++] = request;
            }
        }
    }
}
