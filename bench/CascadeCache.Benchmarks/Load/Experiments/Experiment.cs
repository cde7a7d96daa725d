namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>A column that shows the throughput as a multiple of one entrant's.</summary>
internal sealed record Baseline(string Header, string Entrant);

/// <summary>A column that only some tables have.</summary>
internal sealed record ExtraColumn(string Header, Func<Turn, double> Selector)
{
    /// <summary>The most threads that the pool had in a turn.</summary>
    public static ExtraColumn PoolThreads { get; } = new("pool threads", static turn => turn.PoolThreads);
}

/// <summary>What one table shows.</summary>
internal abstract class Experiment
{
    /// <summary>What files and targets call it.</summary>
    public abstract string Name { get; }

    public abstract string Title { get; }

    /// <summary>What a reader has to know of it; sentences of markdown.</summary>
    public virtual string Notes => "";

    public virtual IReadOnlyList<Baseline> Baselines => [];

    /// <summary>Columns beside those that every table has.</summary>
    public virtual IReadOnlyList<ExtraColumn> Extras => [];
}
