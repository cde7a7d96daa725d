using System.Diagnostics;
using System.Globalization;
using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks;

/// <summary>
/// What does a memcached that is dead cost one call, beside a cache that never had one? Not a benchmark of the library's kind: the answer is in single calls that
/// take long, not in a mean, and the states change with time.
/// </summary>
internal static class DeadMemcached
{
    public const string Argument = "dead-memcached";

    private const string Key = "0123456789abcdef0123456789abcdef0123";
    private const int Warmup = 2000;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(8);
    private static readonly byte[] Value = new byte[1024];

    private static readonly (string Name, Func<CascadeDistributedCache, Task> Run)[] Calls =
    [
        ("Get", static cache => Task.FromResult(cache.Get(Key))),
        ("GetAsync", static cache => cache.GetAsync(Key)),
        ("SetAsync", static cache => cache.SetAsync(Key, Value, OutageRig.Entry)),
    ];

    public static async Task RunAsync()
    {
        Console.WriteLine("## One call after the other, circuit open\n");
        Console.WriteLine("| memcached | call | calls | median µs | mean µs | 99 % µs | max µs | median ratio | added at the median µs | added in the mean µs |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        await SteadyAsync("healthy", static _ => { });
        await SteadyAsync("down", static rig => rig.Kill());
        await SteadyAsync("hung", static rig => rig.Hang());

        Console.WriteLine("\n## Hung: the first calls, one after the other, before the circuit opens\n");
        Console.WriteLine("| call | ms of each |\n|---|---|");
        foreach ((string name, Func<CascadeDistributedCache, Task> run) in Calls)
        {
            await FirstAsync(name, run);
        }

        Console.WriteLine("\n## Hung, one request a second: 40 requests\n");
        Console.WriteLine("| request | slower than 100 ms | mean ms | max ms | ms of each |\n|---|---|---|---|---|");
        await TrickleAsync("GetAsync", static cache => cache.GetAsync(Key));
        await TrickleAsync("Get", static cache => Task.FromResult(cache.Get(Key)));
        await TrickleAsync("GetAsync and RefreshAsync", static async cache =>
        {
            await cache.GetAsync(Key);
            await cache.RefreshAsync(Key);
        });
        await TrickleAsync("GetAsync and SetAsync", static async cache =>
        {
            await cache.GetAsync(Key);
            await cache.SetAsync(Key, Value, OutageRig.Entry);
        });
    }

    private static async Task SteadyAsync(string state, Action<OutageRig> harm)
    {
        foreach ((string name, Func<CascadeDistributedCache, Task> run) in Calls)
        {
            using var rig = new OutageRig();
            await WarmUpAsync(rig, run);
            harm(rig);
            await (state == "healthy" ? WaitForHitsAsync(rig) : OpenCircuitAsync(rig, run));

            // In turns, so that what else the machine does falls on both alike.
            var with = new List<double>();
            var without = new List<double>();
            long started = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(started) < Duration)
            {
                with.Add(await TimeAsync(rig.Both, run));
                without.Add(await TimeAsync(rig.DatastoreAlone, run));
            }

            (double median, double mean, double late, double max) = Summary(with);
            (double baseMedian, double baseMean, double baseLate, double baseMax) = Summary(without);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| none | {name} | {without.Count} | {baseMedian:0} | {baseMean:0} | {baseLate:0} | {baseMax:0} | 1 | | |"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {state} | {name} | {with.Count} | {median:0} | {mean:0} | {late:0} | {max:0} | {median / baseMedian:0.00} | {median - baseMedian:0} | {mean - baseMean:0} |"));
        }
    }

    private static async Task FirstAsync(string name, Func<CascadeDistributedCache, Task> run)
    {
        using var rig = new OutageRig();
        await WarmUpAsync(rig, run);
        rig.Hang();
        var times = new List<double>();
        while (rig.Circuit != "Open" && times.Count < 24)
        {
            times.Add(await TimeAsync(rig.Both, run));
        }

        Console.WriteLine($"| {name} | {Listed(times)} |");
    }

    private static async Task TrickleAsync(string name, Func<CascadeDistributedCache, Task> run)
    {
        using var rig = new OutageRig();
        await WarmUpAsync(rig, run);

        // The circuit forgets the calls of the warm-up, as it has forgotten those of a busier hour.
        await Task.Delay(TimeSpan.FromSeconds(11));
        rig.Hang();
        var times = new List<double>();
        using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (times.Count < 40)
        {
            await second.WaitForNextTickAsync();
            times.Add(await TimeAsync(rig.Both, run));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {times.Count(static t => t > 100_000)} | {times.Average() / 1000:0.0} | {times.Max() / 1000:0} | {Listed(times)} |"));
    }

    private static async Task WarmUpAsync(OutageRig rig, Func<CascadeDistributedCache, Task> run)
    {
        await rig.Both.SetAsync(Key, Value, OutageRig.Entry);
        for (int i = 0; i < Warmup; i++)
        {
            await run(rig.Both);
            await run(rig.DatastoreAlone);
        }
    }

    // A memcached that has just started may have lost locks, so that nothing is filled for a while.
    private static async Task WaitForHitsAsync(OutageRig rig)
    {
        while (rig.Both.GetStatistics().MemcacheHits == 0)
        {
            await rig.Both.GetAsync(Key);
            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }
    }

    private static async Task OpenCircuitAsync(OutageRig rig, Func<CascadeDistributedCache, Task> run)
    {
        // The successes of the warm-up have to be forgotten first.
        await Task.Delay(TimeSpan.FromSeconds(11));
        while (rig.Circuit != "Open")
        {
            await run(rig.Both);
        }
    }

    private static async Task<double> TimeAsync(CascadeDistributedCache cache, Func<CascadeDistributedCache, Task> run)
    {
        long started = Stopwatch.GetTimestamp();
        await run(cache);
        return Stopwatch.GetElapsedTime(started).TotalMicroseconds;
    }

    private static (double Median, double Mean, double Late, double Max) Summary(List<double> times)
    {
        double[] sorted = [.. times.Order()];
        return (sorted[sorted.Length / 2], sorted.Average(), sorted[sorted.Length * 99 / 100], sorted[^1]);
    }

    private static string Listed(List<double> times) =>
        string.Join(' ', times.Select(static t => (t / 1000).ToString("0.#", CultureInfo.InvariantCulture)));
}
