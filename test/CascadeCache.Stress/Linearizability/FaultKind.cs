namespace CascadeCache.Stress.Linearizability;

/// <summary>What can go wrong in a run. The names are those of the command line.</summary>
internal enum FaultKind
{
    /// <summary>A memcached server is killed (SIGKILL) and started again, empty.</summary>
    MemcachedKill,

    /// <summary>A memcached server hangs (SIGSTOP) and goes on.</summary>
    MemcachedPause,

    /// <summary>One memcached server is tiny and has a busy neighbour: it evicts values all the time.</summary>
    Evict,

    /// <summary>All connections of one worker to one server are reset.</summary>
    Reset,

    /// <summary>Bytes of a memcached server's answers are lost in the middle of the stream.</summary>
    Drop,

    /// <summary>What one worker and one server send each other is late.</summary>
    Delay,

    /// <summary>What one worker sends to one server arrives after its time-out.</summary>
    Hold,

    /// <summary>One worker, and no other, cannot reach one memcached server.</summary>
    Isolate,

    /// <summary>The Datastore emulator is killed (SIGKILL) and started again from its file.</summary>
    DatastoreKill,

    /// <summary>Datastore refuses, or loses the answer to what it has done.</summary>
    DatastoreErrors,

    /// <summary>Datastore acts, or answers, after the client's time-out.</summary>
    DatastoreLate,

    /// <summary>A worker is killed (SIGKILL) and another one takes its place.</summary>
    WorkerKill,
}
