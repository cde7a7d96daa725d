using CascadeCache.Stress.Linearizability;
using CascadeCache.Stress.Processes;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Stress.Soak;

/// <summary>The process that is watched: caches, callers, and a look at itself every second until its input ends; then a last one, at rest.</summary>
internal static class SoakCommand
{
    public const string Name = "soak-worker";
    public const string RestLine = "rest ";

    // Two caches for each server: they meet on every key, as two processes do.
    private const int CachesPerServer = 2;

    private const int LeakBytes = 128 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RestLimit = TimeSpan.FromSeconds(40);

    public static async Task<int> RunAsync(WorkerSettings settings, TextReader input, TextWriter output)
    {
        using var records = new RecordWriter(null);
        CascadeDistributedCache[][] sets =
        [
            .. Enumerable.Range(0, CachesPerServer).Select(_ => settings.Memcached.Select(server => (CascadeDistributedCache)WorkerCommand.NewCache(settings with { IsBroken = false }, server)).ToArray()),
        ];
        CascadeDistributedCache[] caches = [.. sets.SelectMany(static set => set)];
        using var stopping = new CancellationTokenSource();
        Task callers = Task.WhenAll(sets.Select((set, i) =>
            WorkerCommand.RunCallersAsync(settings with { Incarnation = settings.Incarnation + i }, set.Cast<IDistributedCache>().ToList(), records, stopping.Token)));
        await output.WriteLineAsync(ChildProgram.ReadyLine);

        var leaked = new List<byte[]>();
        Task<string?> ended = Task.Run(input.ReadLineAsync);
        while (!ended.IsCompleted)
        {
            await Task.WhenAny(ended, Task.Delay(Interval, TimeProvider.System));
            await output.WriteLineAsync(SoakSample.Take(caches));
            if (settings.IsBroken)
            {
                leaked.Add(new byte[LeakBytes]);
            }
        }

        await stopping.CancelAsync();
        await callers;
        await output.WriteLineAsync(RestLine + await RestAsync(caches));
        foreach (CascadeDistributedCache cache in caches)
        {
            await cache.DisposeAsync();
        }

        await WorkerCommand.WriteCountersAsync(caches, output);
        GC.KeepAlive(leaked);
        return 0;
    }

    /// <summary>The first sample in which nothing waits any more; or the last one, when something still does after that time.</summary>
    private static async Task<string> RestAsync(CascadeDistributedCache[] caches)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            string sample = SoakSample.Take(caches);
            bool isAtRest = SoakJudge.IsAtRest(SoakSample.Parse(sample));
            if (isAtRest || TimeProvider.System.GetElapsedTime(since) > RestLimit)
            {
                return sample;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }
}
