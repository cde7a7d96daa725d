namespace CascadeCache.TestKit.Interleavings;

/// <summary>The faults that a schedule may contain; each occurrence costs one of its budget.</summary>
[Flags]
internal enum FaultKinds
{
    None = 0,

    /// <summary>A process ends between two of its steps.</summary>
    Crash = 1,

    /// <summary>A command is executed, or not, and its caller does not learn which: with the connection, or without losing it.</summary>
    ReplyLost = 2,

    /// <summary>A command's caller gives up; the server executes it at any later moment, or never.</summary>
    Delayed = 4,

    /// <summary>A commit's caller gives up; the store executes it at any later moment within its allowance, or never.</summary>
    UnknownCommit = 8,

    /// <summary>One process cannot reach memcached, until it is healed.</summary>
    Cut = 16,

    /// <summary>The server restarts: no memory, no connections, its numbers from 1.</summary>
    Restart = 32,

    /// <summary>A lock is lost before its time: evicted, flushed, or expired under a stalled owner.</summary>
    LostLock = 64,

    /// <summary>A commit surely fails.</summary>
    FailedCommit = 128,

    /// <summary>A value, a marker or a lease is evicted.</summary>
    LostItem = 256,

    /// <summary>All that a lock survives.</summary>
    AllButLostLock = Crash | ReplyLost | Delayed | UnknownCommit | Cut | Restart | FailedCommit | LostItem,
}
