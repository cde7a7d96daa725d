using CascadeCache.Emulators;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>memcached and a Datastore emulator in this process, with a cache over both and one over Datastore alone.</summary>
internal sealed class WriteRig : IDisposable
{
    private const string Key = "0123456789abcdef0123456789abcdef0123";
    private static readonly TimeSpan DatastoreTimeout = TimeSpan.FromSeconds(1);

    private readonly LoopbackMemcached _memcached = LoopbackMemcached.Start();
    private readonly DatastoreEmulator _datastore = DatastoreEmulator.StartAsync().GetAwaiter().GetResult();
    private readonly DistributedCacheEntryOptions _entry = new() { SlidingExpiration = TimeSpan.FromMinutes(20) };

    public WriteRig()
    {
        Both = new CascadeDistributedCache(Options(CascadeBackends.Distributed));
        DatastoreAlone = new CascadeDistributedCache(Options(CascadeBackends.Datastore));
        WaitUntilWritesArePublished();
    }

    public CascadeDistributedCache Both { get; }

    public CascadeDistributedCache DatastoreAlone { get; }

    public Task SetAsync(CascadeDistributedCache cache, byte[] value) => cache.SetAsync(Key, value, _entry);

    public void Dispose()
    {
        CascadeCacheStatistics statistics = Both.GetStatistics();
        Both.Dispose();
        DatastoreAlone.Dispose();
        _datastore.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _memcached.Dispose();
        if (statistics.BacklogAdded > 0 || statistics.Retries > 0)
        {
            throw new InvalidOperationException("Not every write went the usual way.");
        }
    }

    // A memcached that has just started may have lost locks, so that writes to it publish nothing; what is measured is the time after.
    private void WaitUntilWritesArePublished()
    {
        while (Both.GetStatistics().MemcacheHits == 0)
        {
            SetAsync(Both, new byte[100]).GetAwaiter().GetResult();
            Both.Get(Key);
            Thread.Sleep(200);
        }
    }

    private CascadeCacheOptions Options(CascadeBackends backends)
    {
        var options = new CascadeCacheOptions { Backends = backends };
        options.Memcache.Servers.Add(_memcached.Host);
        options.Datastore.EmulatorHost = _datastore.Host;
        options.Datastore.ProjectId = "benchmark";

        // Locks as short as these let the wait above end after a few seconds.
        options.Datastore.OperationTimeout = DatastoreTimeout;
        options.Resilience.Datastore.TotalTimeout = DatastoreTimeout;
        options.Resilience.LateCommitAllowance = TimeSpan.Zero;
        return options;
    }
}
