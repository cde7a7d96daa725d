namespace CascadeCache.Benchmarks.Load;

/// <summary>What one subject did in one turn.</summary>
internal sealed record Turn
{
    public required double OperationsPerSecond { get; init; }

    public required double P50 { get; init; }

    public required double P99 { get; init; }

    public required double P999 { get; init; }

    public required double BytesPerCall { get; init; }

    /// <summary>Microseconds of this process.</summary>
    public required double CpuPerCall { get; init; }

    /// <summary>Milliseconds a second.</summary>
    public required double GcPauses { get; init; }

    /// <summary>The most that the thread pool had meanwhile.</summary>
    public required int PoolThreads { get; init; }

    /// <summary>Calls a second of callers that only disturbed.</summary>
    public double OthersPerSecond { get; init; }

    /// <summary>Calls that ended with something else than what they should.</summary>
    public long Lost { get; init; }

    /// <summary>Why the numbers are worth nothing; null: they are.</summary>
    public string? Failure { get; init; }
}
