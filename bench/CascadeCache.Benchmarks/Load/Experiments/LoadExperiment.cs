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

/// <summary>An experiment within this process. Its cells come one after the other, each made ready when it is asked for.</summary>
internal abstract class LoadExperiment : Experiment, IDisposable
{
    public abstract IEnumerable<Cell> Cells();

    public abstract void Dispose();
}
