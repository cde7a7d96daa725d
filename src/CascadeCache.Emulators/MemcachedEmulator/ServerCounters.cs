namespace CascadeCache.Emulators.Memcached;

/// <summary>What <c>stats</c> counts. Written under the lock of the <see cref="ItemStore"/>.</summary>
internal sealed class ServerCounters
{
    public long Gets, GetHits, GetMisses, GetExpired, GetFlushed;
    public long Sets, Flushes, Metas;
    public long Touches, TouchHits, TouchMisses;
    public long DeleteHits, DeleteMisses;
    public long IncrHits, IncrMisses, DecrHits, DecrMisses;
    public long CasHits, CasMisses, CasBadValues;
    public long TooLarge, NoMemory, Evictions, TotalItems;
}
