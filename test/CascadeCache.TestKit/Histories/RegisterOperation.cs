namespace CascadeCache.TestKit.Histories;

public enum RegisterAction
{
    Read,

    /// <summary>A removal is a write of <see cref="RegisterOperation.Absent"/>.</summary>
    Write,
}

public enum RegisterOutcome
{
    Done,

    /// <summary>It may have taken effect, may do so later, or never.</summary>
    Unknown,

    /// <summary>It has not taken effect and never will.</summary>
    Failed,
}

/// <summary>One operation on one key, as its caller saw it.</summary>
/// <param name="Action">Read or write.</param>
/// <param name="Value">What was read or written. A written value other than <see cref="Absent"/> is written once in a history.</param>
/// <param name="Start">When it was called; any unit, one clock for the whole history.</param>
/// <param name="End">When it returned; of no meaning when the outcome of a write is unknown.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Process">The process that made it.</param>
public sealed record RegisterOperation(RegisterAction Action, long Value, long Start, long End, RegisterOutcome Outcome, int Process)
{
    /// <summary>The value of a key that is not there.</summary>
    public const long Absent = 0;

    /// <summary>
    /// Whether the write may have been acknowledged without a lock in memcached, or without its copy having been replaced there: the only writes whose
    /// predecessors other processes may read for a while when availability comes first.
    /// </summary>
    public bool WasCutOff { get; init; }

    /// <summary>A write's condition: it takes effect only while the register holds this value. Null: none.</summary>
    public long? Expected { get; init; }

    public bool IsRead => Action == RegisterAction.Read;

    public bool IsWrite => Action == RegisterAction.Write;

    public bool IsDone => Outcome == RegisterOutcome.Done;
}
