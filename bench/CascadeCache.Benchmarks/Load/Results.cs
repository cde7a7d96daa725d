using CascadeCache.Benchmarks.Load.Experiments;

namespace CascadeCache.Benchmarks.Load;

/// <summary>What one entrant did, one turn for each round.</summary>
internal sealed record EntrantResult(string Name, SubjectFamily Family, IReadOnlyList<Turn> Turns)
{
    public string? Failure => Turns.Select(static turn => turn.Failure).FirstOrDefault(static failure => failure is not null);

    public double Median(Func<Turn, double> selector) => MedianOf(Turns.Select(selector));

    /// <summary>The median of the ratios of each round: what the machine did meanwhile falls on both alike.</summary>
    public double Ratio(EntrantResult other, Func<Turn, double> selector) => MedianOf(Turns.Zip(other.Turns, (mine, its) => selector(mine) / selector(its)));

    private static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length == 0 ? double.NaN : sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

internal sealed record CellResult(string Label, IReadOnlyList<EntrantResult> Entrants)
{
    public EntrantResult? Find(string name) => Entrants.FirstOrDefault(entrant => entrant.Name == name);
}

/// <summary>An experiment that was made.</summary>
internal sealed record ExperimentResult(Experiment Experiment, IReadOnlyList<CellResult> Cells)
{
    public CellResult? Find(string label) => Cells.FirstOrDefault(cell => cell.Label == label);
}
