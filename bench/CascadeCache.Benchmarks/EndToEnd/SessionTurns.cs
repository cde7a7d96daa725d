using System.Globalization;
using CascadeCache.Benchmarks.Load;
using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>Lets the applications take turns under the load generator, each round beginning with another of them.</summary>
internal sealed class SessionTurns(IReadOnlyList<RunningApp> apps, ChildProgram generator, EndToEndOptions options, CancellationToken cancellation)
{
    private readonly TimeSpan _measured = TimeSpan.FromSeconds(options.Seconds);

    public CellResult Run(string path, int sessions)
    {
        Console.Error.WriteLine($"{path}: {SessionRequests.LabelOf(sessions)}");
        foreach (RunningApp app in apps)
        {
            Turn(app, path, sessions);
        }

        var turns = new Turn[apps.Count][];
        for (int i = 0; i < apps.Count; i++)
        {
            turns[i] = new Turn[options.Rounds];
        }

        for (int round = 0; round < options.Rounds; round++)
        {
            for (int i = 0; i < apps.Count; i++)
            {
                int next = (i + round) % apps.Count;
                turns[next][round] = Turn(apps[next], path, sessions);
            }
        }

        return new CellResult(SessionRequests.LabelOf(sessions), [.. apps.Select((app, i) => new EntrantResult(app.Name, app.Family, turns[i]))]);
    }

    private Turn Turn(RunningApp app, string path, int sessions)
    {
        string started = generator.Ask(string.Create(CultureInfo.InvariantCulture, $"start {app.Address} /{path} {sessions} {options.Callers}"));
        Wait(_measured / 3);
        ProcessUsage before = app.Usage();
        generator.Ask("measure");
        Wait(_measured);
        string answer = generator.Ask("end");
        ProcessUsage after = app.Usage();
        string? failure = FailureIn(started) ?? FailureIn(answer);
        HttpLoadResult load = failure is null ? HttpLoadResult.FromText(answer) : default;
        double requests = Math.Max(1, load.Requests);
        double seconds = Math.Max(0.001, load.Seconds);
        return new Turn
        {
            OperationsPerSecond = load.Requests / seconds,
            P50 = load.P50,
            P99 = load.P99,
            P999 = load.P999,
            BytesPerCall = (after.AllocatedBytes - before.AllocatedBytes) / requests,
            CpuPerCall = (after.CpuMicroseconds - before.CpuMicroseconds) / requests,
            GcPauses = (after.GcPauseMilliseconds - before.GcPauseMilliseconds) / seconds,
            PoolThreads = after.PoolThreads,
            Lost = load.Lost,
            Failure = failure ?? (load.Requests == 0 ? "no request ended in the measured time" : null),
        };
    }

    private static string? FailureIn(string answer) =>
        answer.StartsWith(LoadGenerator.FailedPrefix, StringComparison.Ordinal) ? answer[LoadGenerator.FailedPrefix.Length..] : null;

    private void Wait(TimeSpan time)
    {
        cancellation.WaitHandle.WaitOne(time);
        cancellation.ThrowIfCancellationRequested();
    }
}
