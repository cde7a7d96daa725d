namespace CascadeCache.Memcache.Connections;

/// <summary>
/// Who may read a connection's replies. The reader holds on to the role while it reads, and exposes it while it runs what others' code does next: as long as that lasts somebody else may take the role
/// away, so that code that blocks never keeps replies from those who wait for them. Safe for use by any thread.
/// </summary>
internal sealed class ReadingRole
{
    // Odd: exposed. Only grows, so that whoever means an exposure that has ended does not get a later one.
    private long _phase;

    /// <summary>The exposure that lasts; 0: none.</summary>
    public long Exposure => Volatile.Read(ref _phase) is var phase && (phase & 1) == 1 ? phase : 0;

    /// <summary>Changes with every exposure.</summary>
    public long Phase => Volatile.Read(ref _phase);

    /// <summary>By the reader.</summary>
    public long Expose() => Interlocked.Increment(ref _phase);

    /// <summary>By the reader, to read on, or by somebody else, to do so in its place: one of them gets the role.</summary>
    public bool TryTake(long exposure) => Interlocked.CompareExchange(ref _phase, exposure + 1, exposure) == exposure;
}
