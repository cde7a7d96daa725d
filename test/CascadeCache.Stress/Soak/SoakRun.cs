using System.Collections.Concurrent;
using System.Globalization;
using CascadeCache.Stress.Linearizability;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Stress.Soak;

/// <summary>A long run of one process under load and faults, which looks at itself every second: nothing in it may grow.</summary>
internal static class SoakRun
{
    private const int MemcachedServers = 2;
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(15);

    public static async Task<int> RunAsync(SoakOptions options, TextWriter output, CancellationToken ending)
    {
        string folder = Directory.CreateTempSubdirectory("cascade-soak-").FullName;
        var lines = new ConcurrentQueue<string>();
        var servers = new List<RealMemcached>();
        IReadOnlyDictionary<FaultKind, int> faults;
        try
        {
            for (int i = 0; i < MemcachedServers; i++)
            {
                servers.Add(await RealMemcached.StartAsync());
            }

            var run = new RunOptions
            {
                Seed = options.Seed,
                Workers = 1,
                IsBroken = options.IsBroken,
                Consistency = CascadeConsistency.Available, // the mode with a backlog
                Faults = Enum.GetValues<FaultKind>().Except([FaultKind.WorkerKill, FaultKind.Evict]).ToHashSet(),
            };
            await using EmulatorProcess datastore = await EmulatorProcess.StartAsync(Path.Combine(folder, "datastore.db"), options.Seed, static _ => { });
            await using var place = new WorkerPlace(run, SoakCommand.Name, 1, servers.Select(static server => server.Port), datastore.Port, folder, lines.Enqueue);
            await place.StartAsync();
            faults = await SpoilAsync(new FaultPlan(run, servers, datastore, [place]), TimeSpan.FromMinutes(options.Minutes), ending);

            // Whole again: what is late has time to land, and the backlog to drain.
            await Task.Delay(Afterwards, TimeProvider.System, CancellationToken.None);
            await place.StopAsync();
        }
        finally
        {
            foreach (RealMemcached server in servers)
            {
                await server.DisposeAsync();
            }

            Directory.Delete(folder, recursive: true);
        }

        return await ReportAsync(options, faults, lines, output);
    }

    private static async Task<IReadOnlyDictionary<FaultKind, int>> SpoilAsync(FaultPlan plan, TimeSpan length, CancellationToken ending)
    {
        using (plan)
        using (var stopping = CancellationTokenSource.CreateLinkedTokenSource(ending))
        {
            stopping.CancelAfter(length);
            await plan.RunAsync(stopping.Token);
            return plan.Counts;
        }
    }

    private static async Task<int> ReportAsync(SoakOptions options, IReadOnlyDictionary<FaultKind, int> faults, IEnumerable<string> lines, TextWriter output)
    {
        List<long[]> samples = [.. lines.Where(static line => line.StartsWith(SoakSample.Line, StringComparison.Ordinal)).Select(SoakSample.Parse)];
        long[]? atRest = lines.Where(static line => line.StartsWith(SoakCommand.RestLine, StringComparison.Ordinal))
            .Select(static line => SoakSample.Parse(line[SoakCommand.RestLine.Length..])).LastOrDefault();
        (bool isGood, IReadOnlyList<string> table) = SoakJudge.Judge(samples, atRest);
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"soak: {options.Minutes} minutes, seed {options.Seed}, {samples.Count} samples"));
        await output.WriteLineAsync("faults: " + string.Join(", ", faults.OrderBy(static f => f.Key).Select(static f => string.Create(CultureInfo.InvariantCulture, $"{f.Key} {f.Value}"))));
        await output.WriteLineAsync("counters: " + string.Join(", ", lines
            .Where(static line => line.StartsWith(WorkerCommand.CounterLine, StringComparison.Ordinal))
            .Select(static line => line[WorkerCommand.CounterLine.Length..])));
        foreach (string line in table)
        {
            await output.WriteLineAsync(line);
        }

        await output.WriteLineAsync(isGood ? "RESULT: PASS" : "RESULT: FAIL");
        return isGood ? 0 : 1;
    }
}
