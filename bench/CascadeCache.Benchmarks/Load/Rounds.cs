using CascadeCache.Benchmarks.Load.Experiments;

namespace CascadeCache.Benchmarks.Load;

/// <summary>Lets the entrants of each cell take turns, round after round, each round beginning with another of them.</summary>
internal sealed class Rounds(LoadOptions options, CancellationToken cancellation)
{
    // Code that is run a few thousand times a second needs so long until the runtime has compiled it for good.
    private static readonly TimeSpan FirstWarmUp = TimeSpan.FromSeconds(5);

    private readonly TimeSpan _measured = TimeSpan.FromSeconds(options.Seconds);

    public ExperimentResult Run(LoadExperiment experiment)
    {
        var cells = new List<CellResult>();
        foreach (Cell cell in experiment.Cells())
        {
            cells.Add(Run(experiment, cell, warmUp: cells.Count == 0 && !options.IsQuick ? FirstWarmUp : _measured / 2));
        }

        return new ExperimentResult(experiment, cells);
    }

    private CellResult Run(LoadExperiment experiment, Cell cell, TimeSpan warmUp)
    {
        Console.Error.WriteLine($"{experiment.Title}: {cell.Label}");
        var warming = new LoadRunner(TimeSpan.Zero, warmUp, cancellation);
        foreach (Entrant entrant in cell.Entrants)
        {
            warming.Run(entrant.Subject, entrant.Data, entrant.Callers);
        }

        var runner = new LoadRunner(_measured / 4, _measured, cancellation);
        int count = cell.Entrants.Count;
        var turns = new Turn[count][];
        for (int i = 0; i < count; i++)
        {
            turns[i] = new Turn[options.Rounds];
        }

        for (int round = 0; round < options.Rounds; round++)
        {
            for (int i = 0; i < count; i++)
            {
                int next = (i + round) % count;
                Entrant entrant = cell.Entrants[next];
                turns[next][round] = runner.Run(entrant.Subject, entrant.Data, entrant.Callers);
            }
        }

        return new CellResult(cell.Label, [.. cell.Entrants.Select((entrant, i) => new EntrantResult(entrant.Name, entrant.Subject.Family, turns[i]))]);
    }
}
