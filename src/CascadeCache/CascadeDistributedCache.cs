using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Text;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CascadeCache;

/// <summary>
/// A distributed cache made of tiers: memcached in front, Google Cloud Datastore behind it as the source of truth. A write is durable when it returns, and no
/// later read, in any process, sees anything older. Safe for use by any thread; one instance serves a whole application.
/// </summary>
/// <remarks>
/// Any string is a key, the empty one included. Every call ends within the configured time-outs. A tier that is needed and cannot be reached is an exception
/// (<see cref="CascadeUnavailableException"/>), never a missing value. Making an instance opens no connection.
/// </remarks>
public sealed partial class CascadeDistributedCache : IDistributedCache, IBufferDistributedCache, IVersionedDistributedCache, IAsyncDisposable, IDisposable
{
    private static readonly Func<(ICacheFlow Flow, CacheKey Key), CallContext, ValueTask> Refreshing = static (s, call) => s.Flow.RefreshAsync(s.Key, call);
    private static readonly Func<(ICacheFlow Flow, CacheKey Key), CallContext, ValueTask> Removing = static (s, call) => s.Flow.RemoveAsync(s.Key, call);

    private readonly CascadeCacheOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CacheComposition _parts;
    private readonly KeyCache _keys;
    private volatile bool _isDisposed;

    /// <summary>Creates a cache outside of a container.</summary>
    /// <param name="options">The settings; read once.</param>
    /// <param name="loggerFactory">For log messages; null for none.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <param name="meterFactory">For metrics; null for a meter of the cache's own.</param>
    /// <exception cref="OptionsValidationException">The options have faults; the message lists all of them.</exception>
    public CascadeDistributedCache(
        CascadeCacheOptions options,
        ILoggerFactory? loggerFactory = null,
        TimeProvider? timeProvider = null,
        IMeterFactory? meterFactory = null)
        : this(
            options,
            new CacheSurroundings
            {
                Time = timeProvider ?? TimeProvider.System,
                Logger = loggerFactory?.CreateLogger(CacheSurroundings.LogCategory) ?? NullLogger.Instance,
                MeterFactory = meterFactory,
            })
    {
    }

    internal CascadeDistributedCache(CascadeCacheOptions options, CacheSurroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(options);
        IReadOnlyList<string> faults = CascadeCacheOptionsValidator.FaultsOf(options, surroundings.Environment, surroundings.HasRequestLayer, surroundings.DataProtection is not null);
        if (faults.Count > 0)
        {
            throw new OptionsValidationException(nameof(CascadeCacheOptions), typeof(CascadeCacheOptions), faults);
        }

        (_options, _time, _logger) = (options, surroundings.Time, surroundings.Logger);
        _keys = new KeyCache(options.KeyPrefix, ScopeOf(options.Datastore));
        _parts = new CacheComposition(options, surroundings);
    }

    internal CacheComposition Parts => _parts;

    /// <inheritdoc/>
    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => ReadAsync(key, token).AsTask();

    /// <inheritdoc/>
    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        WriteAsync(key, value, options, token).AsTask();

    /// <inheritdoc/>
    public async Task RefreshAsync(string key, CancellationToken token = default)
    {
        await RunAsync("CascadeCache.Refresh", Refreshing, (_parts.Flow, KeyOf(key)), Reading(CallContext.Async(token))).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        await RunAsync("CascadeCache.Remove", Removing, (_parts.Flow, KeyOf(key)), CallContext.Async(token)).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<bool> IBufferDistributedCache.TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(destination);
        CacheKey cacheKey = KeyOf(key);
        using FoundValue found = await FindAsync(cacheKey, token).ConfigureAwait(false);
        return TryCopy(found, destination);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    async ValueTask IBufferDistributedCache.SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token) =>
        await StoreAsync(key, value, options, CallContext.Async(token)).ConfigureAwait(false);

    /// <summary>What this cache has done, and how its tiers are.</summary>
    public CascadeCacheStatistics GetStatistics()
    {
        CacheCounters counters = _parts.Counters;
        return new CascadeCacheStatistics
        {
            MemcacheHits = counters.Get(Counter.MemcacheHits),
            MemcacheAbsentHits = counters.Get(Counter.MemcacheAbsentHits),
            MemcacheMisses = counters.Get(Counter.MemcacheMisses),
            MemcacheLocked = counters.Get(Counter.MemcacheLocked),
            MemcacheUnavailable = counters.Get(Counter.MemcacheUnavailable),
            DatastoreHits = counters.Get(Counter.DatastoreHits),
            DatastoreMisses = counters.Get(Counter.DatastoreMisses),
            DatastoreReads = counters.Get(Counter.DatastoreReadsForGet) + counters.Get(Counter.DatastoreReadsForSlide)
                + counters.Get(Counter.DatastoreReadsForSet) + counters.Get(Counter.DatastoreReadsForRemove),
            DatastoreWrites = counters.Get(Counter.DatastoreWritesForSet) + counters.Get(Counter.DatastoreWritesForSlide),
            DatastoreSlides = counters.Get(Counter.DatastoreWritesForSlide),
            DatastoreDeletes = counters.Get(Counter.DatastoreDeletesForSet) + counters.Get(Counter.DatastoreDeletesForRemove),
            Bypasses = counters.Get(Counter.BypassesOverLimit) + counters.Get(Counter.BypassesOverServerLimit),
            Retries = counters.Get(Counter.MemcacheRetries) + counters.Get(Counter.DatastoreRetries),
            RejectedPayloads = counters.Get(Counter.RejectedPayloads),
            BacklogAdded = counters.Get(Counter.BacklogAdded),
            Tiers = _parts.TierStatuses(),
        };
    }

    /// <summary>Waits for the work in the background, tries once more to invalidate what is on the backlog, and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        await _parts.DisposeAsync().ConfigureAwait(false);
    }

    internal bool HasDurableTier => _options.Backends.HasFlag(CascadeBackends.Datastore);

    internal ValueTask<(Exception? Memcache, Exception? Datastore)> ProbeAsync(CancellationToken token) => _parts.ProbeAsync(_options.KeyPrefix, token);

    // A task over a pooled method is about half as large as the task of a method that is its own state.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<byte[]?> ReadAsync(string key, CancellationToken token)
    {
        using FoundValue found = await FindAsync(KeyOf(key), token).ConfigureAwait(false);
        return found.Exists ? found.Payload.ToArray() : null;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(value);
        await StoreAsync(key, new ReadOnlySequence<byte>(value), options, CallContext.Async(token)).ConfigureAwait(false);
    }

    // The state of a method that waits costs time at every hit: there is none for what nobody listens to.
    private ValueTask<FoundValue> FindAsync(CacheKey key, CancellationToken token) =>
        token.IsCancellationRequested ? ValueTask.FromCanceled<FoundValue>(token)
        : CascadeActivities.AreHeard ? FindHeardAsync(key, token)
        : _parts.Flow.GetAsync(key, Reading(CallContext.Async(token)));

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FoundValue> FindHeardAsync(CacheKey key, CancellationToken token)
    {
        using Activity? activity = CascadeActivities.Start("CascadeCache.Get");
        try
        {
            FoundValue found = await _parts.Flow.GetAsync(key, Reading(CallContext.Async(token))).ConfigureAwait(false);
            CascadeActivities.Answer(activity, found.Exists, found.Tier);
            return found;
        }
        catch (Exception e)
        {
            CascadeActivities.Fail(activity, e);
            throw;
        }
    }

    private ValueTask StoreAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CallContext call)
    {
        ArgumentNullException.ThrowIfNull(options);
        CacheKey cacheKey = KeyOf(key);
        EntryLifetime lifetime = EntryLifetime.FromOptions(options, _time.GetUtcNow(), _options.DefaultSlidingExpiration);
        return RunAsync(
            "CascadeCache.Set", static (s, c) => s.Flow.SetAsync(s.cacheKey, s.value, s.lifetime, c), (_parts.Flow, cacheKey, value, lifetime), call);
    }

    // What the operation works with is given beside it, and not captured: a write of a small value then makes no more memory than its task.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask RunAsync<TState>(string name, Func<TState, CallContext, ValueTask> operation, TState state, CallContext call)
    {
        call.CancellationToken.ThrowIfCancellationRequested();
        using Activity? activity = CascadeActivities.Start(name);
        try
        {
            await operation(state, call).ConfigureAwait(false);
            CascadeLog.Done(_logger, name);
        }
        catch (Exception e)
        {
            CascadeActivities.Fail(activity, e);
            throw;
        }
    }

    // Only with a durable tier behind memcached is there somewhere else to go.
    private CallContext Reading(CallContext call) => call with { IsHasty = HasDurableTier };

    private CacheKey KeyOf(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _keys.Of(key);
    }

    // The destination may refuse; nothing was written to it before the whole value was known to be good.
    private static bool TryCopy(in FoundValue found, IBufferWriter<byte> destination)
    {
        if (found.Exists)
        {
            ByteSequence.Write(found.Payload, destination);
        }

        return found.Exists;
    }

    // Two caches whose entries are different entities must not take each other's memcached items for their own, even with the same prefix.
    private static long ScopeOf(DatastoreOptions options) => (long)XxHash3.HashToUInt64(
        Encoding.UTF8.GetBytes(string.Join('\0', options.DatabaseId, options.Namespace, options.Kind)));
}
