using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>
/// A cache in its default mode, memcached before Datastore, whose memcached holds one entry. Datastore is an address where nothing listens: a hit does not
/// need it, and anything that did would throw and so end the benchmark.
/// </summary>
internal sealed class HitRig : IDisposable
{
    public const string Key = "0123456789abcdef0123456789abcdef0123";

    private readonly LoopbackMemcached _server = LoopbackMemcached.Start();

    public HitRig(int size)
    {
        byte[] value = new byte[size];
        new Random(1).NextBytes(value);

        // Both write the same format; the one without Datastore puts the entry there as it is.
        using (var writer = new CascadeDistributedCache(Options(CascadeBackends.Memcache)))
        {
            writer.Set(Key, value, new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(12) });
        }

        Cache = new CascadeDistributedCache(Options(CascadeBackends.Distributed));
        Raw = new RawMemcached(_server.Port);
        if (!value.AsSpan().SequenceEqual(Cache.Get(Key)))
        {
            throw new InvalidOperationException("The cache does not return what was stored.");
        }
    }

    public CascadeDistributedCache Cache { get; }

    public RawMemcached Raw { get; }

    /// <summary>A request as <see cref="RawMemcached"/> sends it.</summary>
    public byte[] RawRequest(int times) => RawMemcached.Request(new CascadeCacheOptions().KeyPrefix + Key, times);

    public void Dispose()
    {
        CascadeCacheStatistics statistics = Cache.GetStatistics();
        Raw.Dispose();
        Cache.Dispose();
        _server.Dispose();
        if (statistics.DatastoreReads > 0 || statistics.MemcacheMisses > 0)
        {
            throw new InvalidOperationException("Not every read was a hit.");
        }
    }

    private CascadeCacheOptions Options(CascadeBackends backends)
    {
        var options = new CascadeCacheOptions { Backends = backends };
        options.Memcache.Servers.Add(_server.Host);
        options.Datastore.EmulatorHost = "127.0.0.1:1";
        options.Datastore.ProjectId = "benchmark";
        return options;
    }
}
