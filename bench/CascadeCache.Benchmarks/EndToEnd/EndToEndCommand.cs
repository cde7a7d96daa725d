using System.Globalization;
using CascadeCache.Benchmarks.CommandLine;
using CascadeCache.Benchmarks.Load;
using CascadeCache.Benchmarks.Load.Experiments;
using CascadeCache.Benchmarks.Load.Reports;
using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>The same application over each cache, all of them running, under a load generator that turns to one after the other, round after round.</summary>
internal static class EndToEndCommand
{
    public const string Name = "end-to-end";

    public static int Run(IReadOnlyList<string> arguments) => Interruptible.Run(
        () => EndToEndOptions.Parse(arguments),
        EndToEndOptions.Usage,
        (options, cancellation) => Run(options, string.Join(' ', arguments.Prepend(Name)), cancellation));

    private static void Run(EndToEndOptions options, string command, CancellationToken cancellation)
    {
        using var servers = new LoadServers();
        var apps = new List<RunningApp>();
        using ChildProgram generator = ChildProgram.Start(out _, LoadGenerator.Command);
        try
        {
            foreach (SessionSetup setup in SessionSetups.All)
            {
                cancellation.ThrowIfCancellationRequested();
                Console.Error.WriteLine("Starting: " + SessionSetups.NameOf(setup));
                apps.Add(RunningApp.Start(setup, options.LoadsAsync, servers));
                Ask(generator, string.Create(CultureInfo.InvariantCulture, $"prepare {apps[^1].Address} {options.Sessions.Max()}"));
            }

            var report = new LoadReport(new ReportFacts("End to end", command, options.Rounds, options.Seconds, options.Out));
            foreach (string path in options.Only)
            {
                CellResult[] cells = [.. options.Sessions.Select(sessions => new SessionTurns(apps, generator, options, cancellation).Run(path, sessions))];
                report.Add(new ExperimentResult(new SessionRequests(path, options), cells));
            }

            report.End();
        }
        finally
        {
            apps.ForEach(static app => app.Dispose());
        }
    }

    private static void Ask(ChildProgram generator, string line)
    {
        string answer = generator.Ask(line);
        if (answer.StartsWith(LoadGenerator.FailedPrefix, StringComparison.Ordinal))
        {
            throw new InvalidOperationException(answer);
        }
    }
}
