namespace CascadeCache.TestKit.Interleavings;

internal enum StepKind
{
    /// <summary>An actor's next command reaches the server or the store, and meets its fate.</summary>
    Command,
    Crash,
    Cut,
    Heal,
    Restart,

    /// <summary>The item vanishes.</summary>
    Evict,

    /// <summary>A command that was given up is executed after all.</summary>
    RunDelayed,

    /// <summary>A commit that was given up is executed after all.</summary>
    RunLate,

    /// <summary>Time passes: locks and leases expire, timers fire, and late commits can no longer land.</summary>
    Wait,
}

/// <summary>One step of a schedule.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Index">To which actor or process, or which of those that wait.</param>
/// <param name="Fate">The command's fate, as the fakes number it.</param>
/// <param name="Cost">What it takes from the budget of faults.</param>
internal readonly record struct Step(StepKind Kind, int Index = 0, int Fate = 0, int Cost = 0);
