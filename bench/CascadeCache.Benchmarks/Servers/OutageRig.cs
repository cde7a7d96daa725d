using CascadeCache.Emulators;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>memcached and a Datastore emulator, the former to be killed or stopped, with a cache over both and one over Datastore alone; default time-outs.</summary>
internal sealed class OutageRig : IDisposable
{
    private readonly LoopbackMemcached _memcached = LoopbackMemcached.Start();
    private readonly DatastoreEmulator _datastore = DatastoreEmulator.StartAsync().GetAwaiter().GetResult();

    public OutageRig()
    {
        Both = new CascadeDistributedCache(Options(CascadeBackends.Distributed));
        DatastoreAlone = new CascadeDistributedCache(Options(CascadeBackends.Datastore));
    }

    public CascadeDistributedCache Both { get; }

    public CascadeDistributedCache DatastoreAlone { get; }

    public static DistributedCacheEntryOptions Entry { get; } = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(12) };

    public string Circuit => Both.GetStatistics().Tiers.First(static tier => tier.Tier == "memcache").CircuitState;

    public void Kill() => _memcached.Kill();

    /// <summary>Stops the process: it neither answers nor closes, as a machine that hangs.</summary>
    public void Hang() => _memcached.Signal("STOP");

    public void Dispose()
    {
        _memcached.Kill();
        Both.Dispose();
        DatastoreAlone.Dispose();
        _datastore.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _memcached.Dispose();
    }

    private CascadeCacheOptions Options(CascadeBackends backends)
    {
        var options = new CascadeCacheOptions { Backends = backends };
        options.Memcache.Servers.Add(_memcached.Host);
        options.Datastore.EmulatorHost = _datastore.Host;
        options.Datastore.ProjectId = "benchmark";
        return options;
    }
}
