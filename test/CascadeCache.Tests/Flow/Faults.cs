namespace CascadeCache.Tests.Flow;

/// <summary>The faults that a run may contain.</summary>
[Flags]
internal enum Faults
{
    None = 0,
    Crash = 1,
    LostCommand = 2,
    UnknownCommit = 4,
    Cut = 8,
    Restart = 16,
    LostLock = 32,
    All = Crash | LostCommand | UnknownCommit | Cut | Restart,
}
