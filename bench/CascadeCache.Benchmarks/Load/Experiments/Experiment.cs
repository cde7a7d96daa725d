using CascadeCache.Benchmarks.Load.Subjects;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>Who takes part in a cell.</summary>
internal sealed record Entrant(string Name, LoadSubject Subject, DataSet Data, int Callers)
{
    public Entrant(LoadSubject subject, DataSet data, int callers)
        : this(subject.Name, subject, data, callers)
    {
    }
}

/// <summary>Those who take turns with each other.</summary>
internal sealed record Cell(string Label, IReadOnlyList<Entrant> Entrants);

/// <summary>A column that shows the throughput as a multiple of one entrant's.</summary>
internal sealed record Baseline(string Header, string Entrant);

/// <summary>What one table shows. Its cells come one after the other, each made ready when it is asked for.</summary>
internal abstract class Experiment : IDisposable
{
    /// <summary>What files and targets call it.</summary>
    public abstract string Name { get; }

    public abstract string Title { get; }

    /// <summary>What a reader has to know of it; sentences of markdown.</summary>
    public virtual string Notes => "";

    public virtual IReadOnlyList<Baseline> Baselines => [];

    public virtual bool ShowsOthers => false;

    public virtual bool ShowsPoolThreads => false;

    public abstract IEnumerable<Cell> Cells();

    public virtual void Dispose()
    {
    }
}
