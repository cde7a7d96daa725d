using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>The servers of a run, each started when it is first needed, all ended when disposed.</summary>
internal sealed class LoadServers : IDisposable
{
    // Room for a million small items, and for a value of 1 MB for each of many writers, so that nothing is evicted.
    private const int Megabytes = 4096;

    private readonly List<LoopbackMemcached> _memcached = [];
    private LoopbackRedis? _redis;
    private DatastoreChild? _datastore;

    /// <summary>The one that most experiments use.</summary>
    public LoopbackMemcached Memcached => FirstMemcached(1)[0];

    public LoopbackRedis Redis => _redis ??= LoopbackRedis.Start();

    public DatastoreChild Datastore => _datastore ??= DatastoreChild.Start();

    public IReadOnlyList<LoopbackMemcached> FirstMemcached(int count)
    {
        while (_memcached.Count < count)
        {
            _memcached.Add(LoopbackMemcached.Start(Megabytes));
        }

        return _memcached[..count];
    }

    public void Dispose()
    {
        _memcached.ForEach(static server => server.Dispose());
        _redis?.Dispose();
        _datastore?.Dispose();
    }
}
