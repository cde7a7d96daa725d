using System.Globalization;
using System.Text;
using CascadeCache.Benchmarks.Load.Experiments;

namespace CascadeCache.Benchmarks.Load.Reports;

/// <summary>An experiment as a table of markdown, and as a plot.</summary>
internal sealed class ExperimentTable(ExperimentResult result)
{
    private Experiment Experiment => result.Experiment;

    public string Markdown()
    {
        var text = new StringBuilder();
        string[] headers =
        [
            "", "ops/s", .. Experiment.Baselines.Select(static baseline => baseline.Header), "p50 µs", "p99 µs", "p99.9 µs", "B/call", "CPU µs/call", "GC ms/s",
            .. Experiment.Extras.Select(static extra => extra.Header),
        ];
        text.Append("| ").AppendJoin(" | ", headers).Append(" |\n|---").Append(string.Concat(Enumerable.Repeat("|---:", headers.Length - 1))).Append("|\n");
        foreach (CellResult cell in result.Cells)
        {
            text.Append("| **").Append(cell.Label).Append("** ").Append(string.Concat(Enumerable.Repeat("| ", headers.Length - 1))).Append("|\n");
            foreach (EntrantResult entrant in cell.Entrants)
            {
                text.Append("| ").AppendJoin(" | ", entrant.Failure is { } failure ? [entrant.Name, "failed: " + failure.ReplaceLineEndings(" ")] : Columns(cell, entrant)).Append(" |\n");
            }
        }

        return text.ToString();
    }

    public string Svg() => new DotPlot(
        Experiment.Title,
        ["calls a second", "latency in µs: p50 (dot) to p99"],
        [.. result.Cells.Select(static cell => new PlotGroup(cell.Label, [.. cell.Entrants.Where(static entrant => entrant.Failure is null).Select(RowOf)]))]).Draw();

    private static PlotRow RowOf(EntrantResult entrant)
    {
        double throughput = entrant.Median(static turn => turn.OperationsPerSecond);
        return new PlotRow(entrant.Name, entrant.Family, [(throughput, throughput), (entrant.Median(static turn => turn.P50), entrant.Median(static turn => turn.P99))]);
    }

    private IEnumerable<string> Columns(CellResult cell, EntrantResult entrant)
    {
        yield return entrant.Name;
        yield return Number(entrant.Median(static turn => turn.OperationsPerSecond), "#,0");
        foreach (Baseline baseline in Experiment.Baselines)
        {
            yield return cell.Find(baseline.Entrant) is { Failure: null } other ? Number(entrant.Ratio(other, static turn => turn.OperationsPerSecond), "0.00") : "";
        }

        yield return Number(entrant.Median(static turn => turn.P50), "#,0.0");
        yield return Number(entrant.Median(static turn => turn.P99), "#,0.0");
        yield return Number(entrant.Median(static turn => turn.P999), "#,0");
        yield return Number(entrant.Median(static turn => turn.BytesPerCall), "#,0");
        yield return Number(entrant.Median(static turn => turn.CpuPerCall), "#,0.0");
        yield return Number(entrant.Median(static turn => turn.GcPauses), "0.0");
        foreach (ExtraColumn extra in Experiment.Extras)
        {
            yield return Number(entrant.Median(extra.Selector), "#,0");
        }
    }

    private static string Number(double value, string format) => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "";
}
