using CascadeCache.TestKit.Fakes;

namespace CascadeCache.TestKit.Interleavings;

internal enum ActorKind
{
    Get,
    Set,

    /// <summary>Stores a value that is too large for memcached.</summary>
    SetLarge,
    Remove,
    Refresh,

    /// <summary>Reads, then writes over the version that it read if that still stands.</summary>
    Replace,
}

/// <summary>One operation of one process.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Process">Which process it belongs to; those of one process share its connection and its backlog.</param>
internal sealed record ActorPlan(ActorKind Kind, int Process);

/// <summary>What is explored: a few operations on one key, the faults that may happen meanwhile, and who is broken, if anybody.</summary>
internal sealed record Scenario(params ActorPlan[] Actors)
{
    public CascadeConsistency Consistency { get; init; } = CascadeConsistency.Strict;

    public FaultKinds Faults { get; init; }

    /// <summary>How many faults one schedule may contain.</summary>
    public int MaxFaults { get; init; }

    /// <summary>How often a schedule may let so much time pass, after a fault, that locks expire and a restarted server is trusted again.</summary>
    public int MaxWaits { get; init; }

    /// <summary>Whether memcached holds the first value at the beginning.</summary>
    public bool IsCached { get; init; } = true;

    /// <summary>The first value slides, and its slide is due.</summary>
    public bool IsSlideDue { get; init; }

    /// <summary>The mistake of process 0.</summary>
    public Defect Defect { get; init; }

    /// <summary>Beyond so many states the search gives up, and says so.</summary>
    public int MaxStates { get; init; } = 20_000_000;

    public int ProcessCount => Actors.Max(static a => a.Process) + 1;
}
