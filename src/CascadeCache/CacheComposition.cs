using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.Tiers;
using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;

namespace CascadeCache;

/// <summary>Puts a cache together from its options, and owns all its parts. Opens no connection.</summary>
internal sealed class CacheComposition : IAsyncDisposable, IDisposable
{
    private const string ProbeKey = "\0probe";

    private readonly CascadeMetrics _metrics;
    private readonly MemcacheTier? _memcache;
    private readonly DatastoreTier? _datastore;
    private readonly BackgroundWork _background;
    private int _isDisposed;

    public CacheComposition(CascadeCacheOptions options, CacheSurroundings surroundings)
    {
        CacheCounters counters = Counters = new CacheCounters();
        ILogger logger = surroundings.Logger;
        TimeProvider time = surroundings.Time;
        bool useMemcache = options.Backends.HasFlag(CascadeBackends.Memcache);
        bool useDatastore = options.Backends.HasFlag(CascadeBackends.Datastore);

        _memcache = useMemcache ? new MemcacheTier(options, time, surroundings.Random, counters, logger) : null;
        _datastore = useDatastore ? new DatastoreTier(options, time, surroundings.Random, counters, logger, surroundings.Environment, Guid.NewGuid) : null;
        _background = new BackgroundWork(counters, logger);
        _metrics = new CascadeMetrics(counters, surroundings.MeterFactory);

        var settings = new FlowSettings(options, _datastore?.WriteDeadline ?? TimeSpan.Zero, surroundings.Environment);
        Services = new FlowServices(settings, time, Guid.NewGuid, counters, logger);
        VolatileTier = TierFor(options, surroundings);
        Flow = (VolatileTier, _datastore) switch
        {
            ({ } memcache, { } datastore) => new CascadeFlow(Services, memcache, datastore, _background),
            ({ } memcache, null) => new VolatileOnlyFlow(Services, memcache, _background),
            (null, { } datastore) => new DurableOnlyFlow(Services, datastore, _background),
            _ => new NoTierFlow(_background),
        };
    }

    public CacheCounters Counters { get; }

    public FlowServices Services { get; }

    public ICacheFlow Flow { get; }

    /// <summary>memcached as the flow sees it; null: it is not used.</summary>
    public IVolatileTier? VolatileTier { get; }

    /// <summary>The work that goes on after calls have returned; tests wait for it.</summary>
    public BackgroundWork Background => _background;

    /// <summary>Requests to memcached that wait for their replies; long tests watch it.</summary>
    public int WaitingRequests => _memcache?.Servers.Sum(static server => server.WaitingRequests) ?? 0;

    /// <summary>Asks each tier once. Null: it answered; otherwise why it did not.</summary>
    public async ValueTask<(Exception? Memcache, Exception? Datastore)> ProbeAsync(string keyPrefix, CancellationToken cancellationToken)
    {
        var key = new CacheKey(keyPrefix + ProbeKey);
        CallContext call = CallContext.Async(cancellationToken);
        Exception? memcache = null;
        foreach (IVolatileServer server in await ServersAsync(key, call).ConfigureAwait(false))
        {
            using VolatileRead read = await server.ReadAsync(key, withValue: false, leaseSeconds: 0, call).ConfigureAwait(false);
            if (read.Status == VolatileStatus.Unavailable)
            {
                memcache = read.Error ?? new CascadeUnavailableException($"memcached server {server.Name} did not answer.");
            }
        }

        try
        {
            if (_datastore is not null)
            {
                await _datastore.ReadAsync(key, DurableCause.Get, call).ConfigureAwait(false);
            }

            return (memcache, null);
        }
        catch (CascadeCacheException e)
        {
            return (memcache, e);
        }
    }

    public IReadOnlyList<CascadeTierStatus> TierStatuses()
    {
        var statuses = new List<CascadeTierStatus>();
        foreach (MemcacheServer server in _memcache?.Servers ?? [])
        {
            statuses.Add(new CascadeTierStatus(TierNames.Memcache, server.Name, server.IsConnected, server.CircuitState.ToString(), server.Version));
        }

        if (_datastore is { } datastore)
        {
            bool lets = datastore.CircuitState is CircuitState.Closed or CircuitState.HalfOpen;
            statuses.Add(new CascadeTierStatus(TierNames.Datastore, datastore.Endpoint, lets, datastore.CircuitState.ToString(), null));
        }

        return statuses;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await ((IAsyncDisposable)Flow).DisposeAsync().ConfigureAwait(false);
        _memcache?.Dispose();
        _datastore?.Dispose();
        _metrics.Dispose();
    }

    // The container disposes synchronously only where nobody asked for better; what waits is bounded by the tiers' time-outs.
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private IVolatileTier? TierFor(CascadeCacheOptions options, CacheSurroundings surroundings)
    {
        if (_memcache is null || !options.ProtectValues || (options.DataProtection ?? surroundings.DataProtection) is not { } provider)
        {
            return _memcache; // without Data Protection the options were refused
        }

        var keys = new DataKeys(ItemSeal.ProtectorOf(provider), surroundings.FillRandom, surroundings.Time, surroundings.Logger);
        return new ProtectedTier(_memcache, new ItemSeal(keys, surroundings.FillRandom));
    }

    private async ValueTask<IReadOnlyList<IVolatileServer>> ServersAsync(CacheKey key, CallContext call)
    {
        if (_memcache is null)
        {
            return [];
        }

        IVolatileServer first = await _memcache.FindServerAsync(key, call).ConfigureAwait(false);
        return _memcache.Servers.Count > 0 ? _memcache.Servers : [first];
    }
}
