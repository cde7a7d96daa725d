using System.Globalization;
using System.Text;

namespace CascadeCache.Benchmarks.Load.Reports;

/// <summary>The report of a run. Written anew after each experiment, so that a run that is broken off leaves what it had; without a file it goes to standard output at the end.</summary>
internal sealed class LoadReport(ReportFacts facts)
{
    private readonly string _machine = MachineFacts.Markdown();
    private readonly List<ExperimentResult> _results = [];

    public void Add(ExperimentResult result)
    {
        _results.Add(result);
        if (facts.Out is { } file)
        {
            File.WriteAllText(PlotFile(file, result), new ExperimentTable(result).Svg());
            File.WriteAllText(file, Markdown());
        }
    }

    public void End()
    {
        if (facts.Out is null)
        {
            Console.WriteLine(Markdown());
        }
    }

    private string Markdown()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {facts.Title}, {DateTime.UtcNow:yyyy-MM-dd}\n\n");
        text.Append(_machine);
        text.Append(CultureInfo.InvariantCulture, $"- Command: `dotnet run -c Release --project bench/CascadeCache.Benchmarks -- {facts.Command}`\n");
        text.Append(CultureInfo.InvariantCulture, $"- {facts.Rounds} rounds of {facts.Seconds} s a turn; all of a block take turns in one run. ");
        text.Append("Numbers are medians over the rounds; a ratio is the median of the ratios of each round. ");
        text.Append("Bytes, CPU time and GC pauses are those of the process that has the cache. ");
        text.Append("`failed` is a turn with a call that failed, or with calls that were not what was to be measured.\n\n");
        text.Append(new TargetTable(_results).Markdown());
        foreach (ExperimentResult result in _results)
        {
            text.Append(CultureInfo.InvariantCulture, $"## {result.Experiment.Title}\n\n");
            if (result.Experiment.Notes.Length > 0)
            {
                text.Append(result.Experiment.Notes).Append("\n\n");
            }

            text.Append(new ExperimentTable(result).Markdown()).Append('\n');
            if (facts.Out is { } file)
            {
                text.Append(CultureInfo.InvariantCulture, $"![{result.Experiment.Title}]({Path.GetFileName(PlotFile(file, result))})\n\n");
            }
        }

        return text.ToString();
    }

    private static string PlotFile(string file, ExperimentResult result) => Path.ChangeExtension(file, null) + "-" + result.Experiment.Name + ".svg";
}
