using System.Globalization;
using CascadeCache.Diagnostics;
using CascadeCache.Stress.Processes;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Stress.Linearizability;

/// <summary>A worker: a process with caches and callers, that goes on until its input ends.</summary>
internal static class WorkerCommand
{
    public const string Name = "worker";
    public const string CounterLine = "counter ";

    private const int AsynchronousCallers = 5;
    private const int BlockingCallers = 2;

    public static async Task<int> RunAsync(WorkerSettings settings, TextReader input, TextWriter output)
    {
        using var records = new RecordWriter(settings.Records);
        IDistributedCache[] caches = [.. settings.Memcached.Select(server => NewCache(settings, server))];
        using var stopping = new CancellationTokenSource();
        Task callers = RunCallersAsync(settings, caches, records, stopping.Token);
        await output.WriteLineAsync(ChildProgram.ReadyLine);
        await input.ReadLineAsync();
        await stopping.CancelAsync();
        await callers;
        foreach (IDistributedCache cache in caches)
        {
            await ((IAsyncDisposable)cache).DisposeAsync();
        }

        await WriteCountersAsync([.. caches.OfType<CascadeDistributedCache>()], output);
        return 0;
    }

    public static async Task WriteCountersAsync(IReadOnlyList<CascadeDistributedCache> caches, TextWriter output)
    {
        foreach (Counter counter in Enum.GetValues<Counter>())
        {
            long sum = caches.Sum(cache => cache.Parts.Counters.Get(counter));
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{CounterLine}{counter} {sum}"));
        }
    }

    /// <summary>Lets callers of both kinds use the caches until <paramref name="stopping"/> fires.</summary>
    public static Task RunCallersAsync(WorkerSettings settings, IReadOnlyList<IDistributedCache> caches, RecordWriter records, CancellationToken stopping)
    {
        var callers = new List<Task>();
        for (int i = 0; i < AsynchronousCallers + BlockingCallers; i++)
        {
            bool isBlocking = i >= AsynchronousCallers;
            var caller = new StressCaller(settings.Process, i, isBlocking, caches, records, new Random(unchecked((settings.Seed * 31) + (settings.Process * 101) + i)));

            // A blocking caller never yields, so that a thread of its own is all it runs on.
            callers.Add(isBlocking
                ? Task.Factory.StartNew(() => caller.RunAsync(stopping).GetAwaiter().GetResult(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                : Task.Run(() => caller.RunAsync(stopping), CancellationToken.None));
        }

        return Task.WhenAll(callers);
    }

    public static IDistributedCache NewCache(WorkerSettings settings, string server)
    {
        CascadeCacheOptions options = Scale.Options(settings, server);
        return settings.IsBroken ? new NaiveCache(options) : new CascadeDistributedCache(options, new CacheSurroundings { Environment = static _ => null });
    }
}
