using System.Diagnostics;
using CascadeCache.Benchmarks.Servers;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Caching.StackExchangeRedis;
using Microsoft.Extensions.Options;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>The caches that are compared, each with its defaults but for what is said here; disposed together.</summary>
internal sealed class Caches : IDisposable
{
    public const string ProjectId = "benchmark";

    // As long as StackExchange.Redis waits: what is measured is the time that a call takes under load, not who gives up first.
    private static readonly TimeSpan OperationTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TotalTimeout = TimeSpan.FromSeconds(10);

    // Locks of these time-outs run out well before this.
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(60);

    private readonly List<IDisposable> _made = [];

    /// <summary>Nothing slides: RedisCache sends a second command for an entry that does.</summary>
    public static DistributedCacheEntryOptions Entry { get; } = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(12) };

    /// <param name="options">The options to set.</param>
    /// <param name="backends">The tiers.</param>
    /// <param name="memcached">The servers of the one.</param>
    /// <param name="datastore">The emulator that is the other.</param>
    public static void Configure(CascadeCacheOptions options, CascadeBackends backends, IEnumerable<string> memcached, string? datastore)
    {
        options.Backends = backends;
        foreach (string server in memcached)
        {
            options.Memcache.Servers.Add(server);
        }

        options.Memcache.OperationTimeout = OperationTimeout;
        options.Resilience.Memcache.TotalTimeout = TotalTimeout;
        options.Datastore.EmulatorHost = datastore;
        options.Datastore.ProjectId = ProjectId;

        // The shorter the locks, the shorter the time after memcached's start in which nothing is published.
        options.Resilience.LateCommitAllowance = TimeSpan.Zero;
    }

    /// <summary>A memcached that has just started may have lost locks, so that writes to it publish nothing; what is measured is the time after.</summary>
    public static void WaitUntilWritesArePublished(CascadeDistributedCache cache)
    {
        long started = Stopwatch.GetTimestamp();
        while (cache.GetStatistics().MemcacheHits == 0)
        {
            if (Stopwatch.GetElapsedTime(started) > PublishLimit)
            {
                throw new InvalidOperationException("Writes are not published to memcached.");
            }

            cache.Set("published", new byte[100], Entry);
            cache.Get("published");
            Thread.Sleep(200);
        }
    }

    public CascadeDistributedCache Cascade(CascadeBackends backends, IEnumerable<LoopbackMemcached> servers, DatastoreChild? datastore = null, int connections = 1)
    {
        var options = new CascadeCacheOptions();
        Configure(options, backends, servers.Select(static server => server.Host), datastore?.Host);
        options.Memcache.ConnectionsPerServer = connections;
        return Keep(new CascadeDistributedCache(options));
    }

    public RedisCache Redis(LoopbackRedis server) => Keep(new RedisCache(Options.Create(new RedisCacheOptions { Configuration = server.Host })));

    public static MemoryDistributedCache Memory() =>
        new(Options.Create(new MemoryDistributedCacheOptions { SizeLimit = null }));

    public T Keep<T>(T disposable)
        where T : IDisposable
    {
        _made.Add(disposable);
        return disposable;
    }

    public void Dispose()
    {
        foreach (IDisposable made in Enumerable.Reverse(_made))
        {
            made.Dispose();
        }
    }
}
