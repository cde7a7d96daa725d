using CascadeCache.Benchmarks.CommandLine;
using CascadeCache.Benchmarks.Load.Experiments;
using CascadeCache.Benchmarks.Load.Reports;

namespace CascadeCache.Benchmarks.Load;

/// <summary>The load program: starts the servers, makes the experiments one after the other, and reports after each, so that a run that is broken off leaves what it had.</summary>
internal static class LoadCommand
{
    public const string Name = "load";

    private const int ManyKeys = 1_000_000;
    private const int QuickKeys = 50_000;

    public static int Run(IReadOnlyList<string> arguments) => Interruptible.Run(
        () => LoadOptions.Parse(arguments),
        LoadOptions.Usage,
        (options, cancellation) => Run(options, string.Join(' ', arguments.Prepend(Name)), cancellation));

    private static void Run(LoadOptions options, string command, CancellationToken cancellation)
    {
        using var servers = new LoadServers();
        var rounds = new Rounds(options, cancellation);
        var report = new LoadReport(new ReportFacts("Load", command, options.Rounds, options.Seconds, options.Out));
        foreach (LoadExperiment experiment in ExperimentsOf(options, servers))
        {
            using (experiment)
            {
                report.Add(rounds.Run(experiment));
            }
        }

        report.End();
    }

    private static IEnumerable<LoadExperiment> ExperimentsOf(LoadOptions options, LoadServers servers)
    {
        foreach (string section in options.Only)
        {
            foreach (LoadExperiment experiment in ExperimentsOf(section, options, servers))
            {
                yield return experiment;
            }
        }
    }

    private static IEnumerable<LoadExperiment> ExperimentsOf(string section, LoadOptions options, LoadServers servers) => section switch
    {
        "hits" => options.Sizes.Select(size => new HitsExperiment(servers, size, options.Callers)),
        "writes" => options.Sizes.Select(size => new WritesExperiment(servers, size, options.Callers)),
        "scaling" =>
        [
            new ScalingExperiment(servers, overServers: true, Many(options)),
            new ScalingExperiment(servers, overServers: false, Many(options)),
            new KeysExperiment(servers, options.IsQuick ? QuickKeys : ManyKeys, Many(options)),
            new CallersExperiment(servers),
        ],
        "sync" => [new SyncExperiment(servers, [1, 64])],
        _ => [new BlockingExperiment(servers)],
    };

    // One caller alone shows nothing of what scales.
    private static int[] Many(LoadOptions options) => options.IsQuick ? [64] : [64, 256];
}
