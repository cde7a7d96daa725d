using System.Buffers;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.Tiers;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging.Abstractions;

namespace CascadeCache.Stress.Linearizability;

/// <summary>
/// The negative control: the same tiers, put together as everybody does it first. A write commits and then sets memcached; a reader fills what it read; nobody
/// looks at what stands there. A run must find that it is broken, and a short one must not depend on luck: a reader is held up before it fills, as
/// a collection or a busy machine may hold it up.
/// </summary>
internal sealed class NaiveCache : IDistributedCache, IAsyncDisposable
{
    private static readonly TimeSpan LongestHoldUp = TimeSpan.FromMilliseconds(100);

    private readonly Func<double> _random;
    private readonly MemcacheTier _memcache;
    private readonly DatastoreTier _datastore;
    private readonly FlowServices _services;
    private readonly string _prefix;

    public NaiveCache(CascadeCacheOptions options)
    {
        var counters = new CacheCounters();
        var surroundings = new CacheSurroundings();
        _prefix = options.KeyPrefix;
        _random = surroundings.Random;
        _memcache = new MemcacheTier(options, TimeProvider.System, surroundings.Random, counters, NullLogger.Instance);
        _datastore = new DatastoreTier(options, TimeProvider.System, surroundings.Random, counters, NullLogger.Instance, static _ => null, Guid.NewGuid);
        _services = new FlowServices(new FlowSettings(options, _datastore.WriteDeadline), TimeProvider.System, Guid.NewGuid, counters, NullLogger.Instance);
    }

    public byte[]? Get(string key) => GetAsync(key, CallContext.Sync).AsTask().GetAwaiter().GetResult();

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => GetAsync(key, CallContext.Async(token)).AsTask();

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => SetAsync(key, value, CallContext.Sync).AsTask().GetAwaiter().GetResult();

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        SetAsync(key, value, CallContext.Async(token)).AsTask();

    public void Remove(string key) => RemoveAsync(key, CallContext.Sync).AsTask().GetAwaiter().GetResult();

    public Task RemoveAsync(string key, CancellationToken token = default) => RemoveAsync(key, CallContext.Async(token)).AsTask();

    public void Refresh(string key)
    {
        // Nothing slides here.
    }

    public Task RefreshAsync(string key, CancellationToken token = default) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _memcache.DisposeAsync();
        await _datastore.DisposeAsync();
    }

    private async ValueTask<byte[]?> GetAsync(string text, CallContext call)
    {
        var key = new CacheKey(_prefix + text);
        IVolatileServer server = await _memcache.FindServerAsync(key, call);
        using (VolatileRead read = await server.ReadAsync(key, withValue: true, leaseSeconds: 0, call))
        {
            if (read.Status == VolatileStatus.Hit && EntryFormat.TryRead(read.Item, key.Fingerprint, out Entry entry) && entry.Kind == EntryKind.Value)
            {
                return entry.Payload.ToArray();
            }
        }

        DurableRead found = await _datastore.ReadAsync(key, DurableCause.Get, call);
        if (found.Value is not { } value)
        {
            return null;
        }

        // The others have threads of their own, which would have to sleep.
        if (!call.Blocking)
        {
            await Task.Delay(LongestHoldUp * _random(), TimeProvider.System, CancellationToken.None);
        }

        using VolatileItem item = _services.Items.ForEntry(server, key, _services.EntryOf(value, found.Version, _services.Now));
        await server.SetAsync(key, item, call);
        return value.Payload.ToArray();
    }

    private async ValueTask SetAsync(string text, byte[] bytes, CallContext call)
    {
        var key = new CacheKey(_prefix + text);
        IVolatileServer server = await _memcache.FindServerAsync(key, call);
        var value = new DurableValue(new ReadOnlySequence<byte>(bytes), new EntryLifetime(EntryLifetime.Never, 0), EntryLifetime.Never);
        DurableWrite write = await _datastore.WriteAsync(key, value, WriteCondition.Always, DurableCause.Set, call);
        using VolatileItem item = _services.Items.ForEntry(server, key, _services.EntryOf(value, write.Version, _services.Now));
        await server.SetAsync(key, item, call);
    }

    private async ValueTask RemoveAsync(string text, CallContext call)
    {
        var key = new CacheKey(_prefix + text);
        IVolatileServer server = await _memcache.FindServerAsync(key, call);
        await _datastore.DeleteAsync(key, baseVersion: null, DurableCause.Remove, call);
        await server.DeleteAsync(key, token: null, call);
    }
}
