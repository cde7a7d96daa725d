using System.Globalization;
using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks;

/// <summary>
/// How many bytes does one call allocate, whatever thread allocates them, once everything is warm? Not a benchmark of the library's kind, whose figure leaves out what the cache's own threads
/// and the pool's do. Values are passed in 4 KiB pieces where they are passed as a sequence.
/// </summary>
internal static class Allocations
{
    public const string Argument = "allocations";

    private const int Batches = 5;
    private const long LargestInMemcached = 1024 * 1024;

    // The object header of an array.
    private const int ArrayOverhead = 24;

    private static readonly (string Name, int Bytes, int Reads, int Writes)[] Sizes =
    [
        ("100 B", 100, 2000, 200),
        ("4 KiB", 4096, 2000, 200),
        ("64 KiB", 65_536, 500, 100),
        ("1 MB", 1_000_000, 60, 20),
        ("8 MB", 8_000_000, 12, 6),
    ];

    private static readonly (string Name, bool IsRead, bool HasResult, Action<AllocationRig> Run)[] Calls =
    [
        ("Get", true, true, static rig => rig.Get()),
        ("GetAsync", true, true, static rig => rig.GetAsync()),
        ("TryGetAsync, reused writer", true, false, static rig => rig.TryGetAsync()),
        ("Set, array", false, false, static rig => rig.Set()),
        ("SetAsync, array", false, false, static rig => rig.SetAsync()),
        ("SetAsync, sequence", false, false, static rig => rig.SetSequenceAsync()),
    ];

    public static void Run()
    {
        using LoopbackMemcached memcached = LoopbackMemcached.Start();
        using DatastoreChild datastore = DatastoreChild.Start();
        Console.WriteLine("| backends | value | call | bytes per call | of them the caller's own array | beyond that |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (CascadeBackends backends in (CascadeBackends[])[CascadeBackends.Memcache, CascadeBackends.Distributed])
        {
            using var rig = new AllocationRig(memcached, datastore, backends);
            foreach ((string name, int bytes, int reads, int writes) in Sizes)
            {
                if (bytes < LargestInMemcached || backends.HasFlag(CascadeBackends.Datastore))
                {
                    Measure(rig, backends, name, bytes, reads, writes);
                }
            }
        }
    }

    private static void Measure(AllocationRig rig, CascadeBackends backends, string name, int bytes, int reads, int writes)
    {
        rig.Use(bytes);
        foreach ((string call, bool isRead, bool hasResult, Action<AllocationRig> run) in Calls)
        {
            int operations = isRead ? reads : writes;
            CascadeCacheStatistics before = rig.Statistics;
            long each = Measure(rig, run, operations);
            Check(before, rig.Statistics, isRead, bytes, (Batches + 1) * operations);
            long own = hasResult ? bytes + ArrayOverhead : 0;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {backends} | {name} | {call} | {each:N0} | {own:N0} | {each - own:N0} |"));
        }
    }

    // The median of several batches, the first of which only warms up: what else falls into one, such as a timer, is not the call's, and the runtime's count is now and then off by megabytes
    // where large arrays are collected meanwhile.
    private static long Measure(AllocationRig rig, Action<AllocationRig> run, int operations)
    {
        var each = new List<long>();
        for (int batch = 0; batch <= Batches; batch++)
        {
            long start = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < operations; i++)
            {
                run(rig);
            }

            each.Add((GC.GetTotalAllocatedBytes(precise: true) - start) / operations);
        }

        return each[1..].Order().ElementAt(Batches / 2);
    }

    private static void Check(CascadeCacheStatistics before, CascadeCacheStatistics after, bool isRead, int bytes, int operations)
    {
        bool isHit = bytes < LargestInMemcached;
        long answered = isHit ? after.MemcacheHits - before.MemcacheHits : after.DatastoreHits - before.DatastoreHits;
        bool isUsual = answered == (isRead ? operations : 0) && after.BacklogAdded == before.BacklogAdded && after.Retries == before.Retries;
        if (!isUsual)
        {
            throw new InvalidOperationException("Not every call went the usual way.");
        }
    }
}
