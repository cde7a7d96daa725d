using System.Globalization;
using System.Text;
using CascadeCache.Benchmarks.EndToEnd;
using CascadeCache.Benchmarks.Load.Experiments;

namespace CascadeCache.Benchmarks.Load.Reports;

/// <summary>What the library wants to reach, beside what a run measured; only of what the run has measured.</summary>
internal sealed class TargetTable(IReadOnlyList<ExperimentResult> results)
{
    private readonly List<string> _rows = [];

    public string Markdown()
    {
        foreach (int size in (int[])[100, 1024])
        {
            Hits(size);
            Writes(size);
        }

        Blocking();
        Sessions("read");
        Sessions("increment");
        return _rows.Count == 0 ? "" : new StringBuilder("## Targets\n\n| target | wanted | measured | |\n|---|---:|---:|---|\n").AppendJoin("", _rows).Append('\n').ToString();
    }

    private void Hits(int size)
    {
        foreach (CellResult cell in CellsOf(HitsExperiment.NameOf(size)))
        {
            string what = $"hit of {Sizes.Text(size)}, {cell.Label}";
            if (cell.Label is "64 callers" or "256 callers")
            {
                AtLeast($"{what}: throughput as a multiple of RedisCache's", cell.Label is "64 callers" ? 2.5 : 3, Ratio(cell, HitsExperiment.GetAsync, HitsExperiment.RedisGetAsync, Throughput));
                AtLeast($"{what}: throughput as a part of the pipelined socket's", 0.4, Ratio(cell, HitsExperiment.GetAsync, HitsExperiment.Pipelined, Throughput));
            }

            if (cell.Label == Sizes.Callers(1))
            {
                AtMost($"{what}: p50 as a multiple of the ping-pong's", 1.3, Ratio(cell, HitsExperiment.GetAsync, HitsExperiment.PingPong, static turn => turn.P50));
                AtMost($"{what}: p50 as a multiple of RedisCache's", 1, Ratio(cell, HitsExperiment.GetAsync, HitsExperiment.RedisGetAsync, static turn => turn.P50));
            }

            AtMost($"{what}: p99 as a multiple of RedisCache's", 1, Ratio(cell, HitsExperiment.GetAsync, HitsExperiment.RedisGetAsync, static turn => turn.P99));
            AtMost($"{what}: processor time as a part of RedisCache's", 1 / 3.0, Ratio(cell, HitsExperiment.GetAsync, HitsExperiment.RedisGetAsync, static turn => turn.CpuPerCall));
            AtMost($"{what}: bytes of GetAsync beside the value", 200, Bytes(cell, HitsExperiment.GetAsync) - size);
            AtMost($"{what}: bytes of TryGetAsync", 16, Bytes(cell, HitsExperiment.TryGetAsync));
        }
    }

    private void Writes(int size)
    {
        foreach (CellResult cell in CellsOf(WritesExperiment.NameOf(size)))
        {
            string what = $"write of {Sizes.Text(size)}, {cell.Label}";
            AtLeast($"{what}: throughput of SetAsync, memcache only, as a multiple of RedisCache's", 3, Ratio(cell, WritesExperiment.SetAsync, WritesExperiment.RedisSetAsync, Throughput));
            AtMost($"{what}: bytes of Set, memcache only", 150, Bytes(cell, WritesExperiment.Set));
            if (cell.Label == Sizes.Callers(1))
            {
                AtMost($"{what}: p50 of SetAsync, distributed, as a multiple of a bare commit and three ping-pongs", 1.1, DistributedCost(cell));
            }
        }
    }

    private void Blocking()
    {
        foreach (CellResult cell in CellsOf("sync").Where(static cell => cell.Label == "64 callers"))
        {
            AtLeast("Get on 64 threads: throughput as a part of GetAsync's for 64 callers", 0.5, Ratio(cell, SyncExperiment.Get, SyncExperiment.GetAsync, Throughput));
            AtMost("Get on 64 threads: threads of the pool as a multiple of those with GetAsync", 1, Ratio(cell, SyncExperiment.Get, SyncExperiment.GetAsync, static turn => turn.PoolThreads));
        }
    }

    private void Sessions(string path)
    {
        foreach (CellResult cell in CellsOf(SessionRequests.NameOf(path)))
        {
            foreach (SessionSetup setup in SessionSetups.All.Where(SessionSetups.IsOurs))
            {
                string name = SessionSetups.NameOf(setup);
                string what = $"{path}, {cell.Label}, {name}";
                AtLeast($"{what}: requests a second as a multiple of RedisCache's", 1, Ratio(cell, name, SessionSetups.NameOf(SessionSetup.Redis), Throughput));
                AtMost($"{what}: p99 as a multiple of RedisCache's", 1, Ratio(cell, name, SessionSetups.NameOf(SessionSetup.Redis), static turn => turn.P99));
                if (path == "read" && SessionSetups.HasCascadeSession(setup))
                {
                    AtLeast($"{what}: requests a second as a part of MemoryDistributedCache's", 0.85, Ratio(cell, name, SessionSetups.NameOf(SessionSetup.Memory), Throughput));
                }
            }
        }
    }

    private static double Throughput(Turn turn) => turn.OperationsPerSecond;

    private IEnumerable<CellResult> CellsOf(string experiment) => results.Where(result => result.Experiment.Name == experiment).SelectMany(static result => result.Cells);

    private static EntrantResult? Find(CellResult cell, string name) => cell.Find(name) is { Failure: null } entrant ? entrant : null;

    private static double? Ratio(CellResult cell, string mine, string other, Func<Turn, double> selector) =>
        Find(cell, mine) is { } first && Find(cell, other) is { } second ? first.Ratio(second, selector) : null;

    private static double? Bytes(CellResult cell, string name) => Find(cell, name)?.Median(static turn => turn.BytesPerCall);

    private static double? DistributedCost(CellResult cell) =>
        Find(cell, WritesExperiment.DistributedSetAsync) is { } write && Find(cell, WritesExperiment.BareCommit) is { } commit && Find(cell, WritesExperiment.PingPong) is { } trip
            ? write.Median(static turn => turn.P50) / (commit.Median(static turn => turn.P50) + (3 * trip.Median(static turn => turn.P50)))
            : null;

    private void AtLeast(string target, double wanted, double? measured) => Add(target, "at least ", wanted, measured, measured >= wanted);

    private void AtMost(string target, double wanted, double? measured) => Add(target, "at most ", wanted, measured, measured <= wanted);

    private void Add(string target, string relation, double wanted, double? measured, bool isMet) =>
        _rows.Add(measured is null
            ? $"| {target} | {relation}{Number(wanted)} | | **could not be measured** |\n"
            : $"| {target} | {relation}{Number(wanted)} | {Number(measured.Value)} | {(isMet ? "met" : "**missed**")} |\n");

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 10 ? "#,0" : "0.##", CultureInfo.InvariantCulture);
}
