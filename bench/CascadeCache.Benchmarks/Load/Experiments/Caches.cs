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

    private readonly List<IDisposable> _made = [];

    /// <summary>Nothing slides: RedisCache sends a second command for an entry that does.</summary>
    public static DistributedCacheEntryOptions Entry { get; } = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(12) };

    public CascadeDistributedCache Cascade(CascadeBackends backends, IEnumerable<LoopbackMemcached> servers, DatastoreChild? datastore = null, int connections = 1)
    {
        var options = new CascadeCacheOptions { Backends = backends };
        foreach (LoopbackMemcached server in servers)
        {
            options.Memcache.Servers.Add(server.Host);
        }

        options.Memcache.ConnectionsPerServer = connections;
        options.Memcache.OperationTimeout = OperationTimeout;
        options.Resilience.Memcache.TotalTimeout = TotalTimeout;
        options.Datastore.EmulatorHost = datastore?.Host;
        options.Datastore.ProjectId = ProjectId;

        // The shorter the locks, the shorter the time after memcached's start in which nothing is published.
        options.Resilience.LateCommitAllowance = TimeSpan.Zero;
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
