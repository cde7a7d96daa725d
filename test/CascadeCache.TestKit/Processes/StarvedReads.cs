using CascadeCache.Diagnostics;

namespace CascadeCache.TestKit.Processes;

/// <summary>Synchronous reads on threads of their own while no thread of the pool is free. For a process in which nothing else runs.</summary>
internal static class StarvedReads
{
    private const int Callers = 200;
    private const int SmallPool = 2;
    private const int BlockersOfAGrowingPool = 8;

    /// <param name="memcached">The server.</param>
    /// <param name="datastore">The emulator.</param>
    /// <param name="key">What all read.</param>
    /// <param name="mayGrow">False: the pool never has a thread. True: it grows by itself as pools do, and has one after a few seconds.</param>
    /// <returns>What came of it, in one line.</returns>
    public static string Run(string memcached, string datastore, string key, bool mayGrow)
    {
        int size = Math.Max(SmallPool, Environment.ProcessorCount); // a pool can have no less
        ThreadPool.SetMinThreads(SmallPool, SmallPool);
        ThreadPool.SetMaxThreads(mayGrow ? 1000 : size, mayGrow ? 1000 : size);
        using var cache = new CascadeDistributedCache(Options(memcached, datastore, mayGrow));
        using var release = new ManualResetEventSlim();
        using var blocked = new CountdownEvent(mayGrow ? SmallPool : size);
        for (int i = 0; i < (mayGrow ? BlockersOfAGrowingPool : size); i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    lock (blocked)
                    {
                        if (!blocked.IsSet)
                        {
                            blocked.Signal();
                        }
                    }

                    release.Wait();
                },
                null);
        }

        blocked.Wait();
        var outcomes = new string[Callers];
        Thread[] callers = [.. Enumerable.Range(0, Callers).Select(i => new Thread(() => outcomes[i] = Read(cache, key)))];
        Array.ForEach(callers, static caller => caller.Start());
        Array.ForEach(callers, static caller => caller.Join());
        bool wasStarved = ThreadPool.ThreadCount >= blocked.InitialCount && !release.IsSet;
        long hits = cache.Parts.Counters.Get(Counter.MemcacheHits);
        release.Set();
        ThreadPool.SetMaxThreads(1000, 1000);

        IEnumerable<IGrouping<string, string>> others = outcomes.Where(static o => o is not ("value" or "unavailable")).GroupBy(static o => o);
        return $"values {outcomes.Count(static o => o == "value")}, unavailable {outcomes.Count(static o => o == "unavailable")}, hits {hits}, pool was starved {wasStarved}"
            + string.Concat(others.Select(static o => $"\n{o.Count()} times {o.Key}"));
    }

    private static string Read(CascadeDistributedCache cache, string key)
    {
        try
        {
            return cache.Get(key) is [1] ? "value" : "missing";
        }
        catch (CascadeUnavailableException)
        {
            return "unavailable";
        }
#pragma warning disable CA1031 // Whatever it is belongs into the line that the test reads.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e.ToString();
        }
    }

    private static CascadeCacheOptions Options(string memcached, string datastore, bool mayGrow)
    {
        var options = new CascadeCacheOptions { KeyPrefix = "o." };
        options.Memcache.Servers.Add(memcached);
        options.Memcache.OperationTimeout = TimeSpan.FromSeconds(2);
        options.Resilience.Memcache.TotalTimeout = TimeSpan.FromSeconds(2);
        options.Datastore.EmulatorHost = datastore;
        options.Datastore.ProjectId = "outage";
        options.Datastore.OperationTimeout = mayGrow ? TimeSpan.FromSeconds(30) : TimeSpan.FromMilliseconds(300);
        options.Resilience.Datastore.TotalTimeout = mayGrow ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(1);
        return options;
    }
}
