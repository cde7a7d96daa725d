namespace CascadeCache.Emulators.Memcached;

/// <summary>What <c>stats</c> tells about the process that is not in the store.</summary>
internal sealed class ServerFacts(int processId)
{
    private long _currentConnections;
    private long _totalConnections;

    /// <summary>Different for every emulator of a process, as a restarted server has a new process id.</summary>
    public int ProcessId { get; } = processId;

    public int Port { get; set; }

    public string Address { get; set; } = "";

    public long CurrentConnections => Interlocked.Read(ref _currentConnections);

    public long TotalConnections => Interlocked.Read(ref _totalConnections);

    public void Opened()
    {
        Interlocked.Increment(ref _currentConnections);
        Interlocked.Increment(ref _totalConnections);
    }

    public void Closed() => Interlocked.Decrement(ref _currentConnections);
}
