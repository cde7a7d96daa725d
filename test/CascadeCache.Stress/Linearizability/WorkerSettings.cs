using System.Text.Json;

namespace CascadeCache.Stress.Linearizability;

/// <summary>What a worker process is told.</summary>
internal sealed record WorkerSettings
{
    /// <summary>Its place, from 1.</summary>
    public required int Slot { get; init; }

    /// <summary>How many have had that place before.</summary>
    public required int Incarnation { get; init; }

    public required int Seed { get; init; }

    public required CascadeConsistency Consistency { get; init; }

    public required bool IsBroken { get; init; }

    /// <summary>
    /// The worker's own ways to the memcached servers. A cache for each: one cache for all would place keys by the addresses, which differ from worker to
    /// worker.
    /// </summary>
    public required IReadOnlyList<string> Memcached { get; init; }

    public required string Datastore { get; init; }

    /// <summary>Where it records what it does.</summary>
    public required string Records { get; init; }

    public int Process => ProcessOf(Slot, Incarnation);

    public static int ProcessOf(int slot, int incarnation) => (slot * 1000) + incarnation;

    public static WorkerSettings Parse(string json) => JsonSerializer.Deserialize<WorkerSettings>(json) ?? throw new FormatException("No settings.");

    public override string ToString() => JsonSerializer.Serialize(this);
}
