using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Contract.Tests;

/// <summary>What the cache is made of.</summary>
public enum Backend
{
    RealMemcachedAndDatastore,
    EmulatedMemcachedAndDatastore,
    ProtectedMemcachedAndDatastore,
    MemcacheOnly,
    DatastoreOnly,
}

/// <summary>Which half of the interface is used.</summary>
public enum CallStyle
{
    Sync,
    Async,
}

/// <summary>
/// A cache on one combination of tiers, called in one style, with a clock that the test moves. The servers' clocks are their own: what they drop early, as well
/// as what they keep too long, must not show.
/// </summary>
internal sealed class CacheUnderTest : IAsyncDisposable
{
    // One ring for all: caches that share a prefix share their entries.
    private static readonly EphemeralDataProtectionProvider Ring = new();

    private CacheUnderTest(CascadeDistributedCache cache, CallStyle style, FakeTimeProvider clock) => (Cache, Style, Clock) = (cache, style, clock);

    public CascadeDistributedCache Cache { get; }

    public CallStyle Style { get; }

    public FakeTimeProvider Clock { get; }

    public DateTimeOffset Now => Clock.GetUtcNow();

    public static async Task<CacheUnderTest> StartAsync(
        Servers servers, Backend backend, CallStyle style, Action<CascadeCacheOptions>? configure = null, FakeTimeProvider? clock = null, string? prefix = null)
    {
        var options = new CascadeCacheOptions { KeyPrefix = prefix ?? Guid.NewGuid().ToString("N") + "." };
        await PointAsync(options, servers, backend);

        // Nobody moves the clock while a call runs: a delay before a retry would never end.
        foreach (TierResilienceOptions tier in (TierResilienceOptions[])[options.Resilience.Memcache, options.Resilience.Datastore])
        {
            (tier.RetryBaseDelay, tier.RetryMaxDelay) = (TimeSpan.Zero, TimeSpan.Zero);
        }

        configure?.Invoke(options);
        clock ??= new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var cache = new CascadeDistributedCache(options, timeProvider: clock);
        var test = new CacheUnderTest(cache, style, clock);
        await test.SettleAsync();
        return test;
    }

    public static async Task PointAsync(CascadeCacheOptions options, Servers servers, Backend backend)
    {
        options.Backends = backend switch
        {
            Backend.MemcacheOnly => CascadeBackends.Memcache,
            Backend.DatastoreOnly => CascadeBackends.Datastore,
            _ => CascadeBackends.Distributed,
        };
        if (backend != Backend.DatastoreOnly)
        {
            options.Memcache.Servers.Add(backend == Backend.EmulatedMemcachedAndDatastore ? await servers.EmulatedMemcachedAsync() : await servers.RealMemcachedAsync());
        }

        (options.ProtectValues, options.DataProtection) = (backend == Backend.ProtectedMemcachedAndDatastore, Ring);
        if (backend != Backend.MemcacheOnly)
        {
            options.Datastore.EmulatorHost = await servers.DatastoreAsync();
            options.Datastore.ProjectId = "contract";
        }
    }

    public async Task<byte[]?> GetAsync(string key)
    {
        byte[]? value = Style == CallStyle.Sync ? Cache.Get(key) : await Cache.GetAsync(key, TestContext.Current.CancellationToken);
        await Cache.Parts.Background.WhenIdleAsync();
        return value;
    }

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions? options = null)
    {
        options ??= new DistributedCacheEntryOptions();
        if (Style == CallStyle.Async)
        {
            return Cache.SetAsync(key, value, options, TestContext.Current.CancellationToken);
        }

        Cache.Set(key, value, options);
        return Task.CompletedTask;
    }

    public Task RefreshAsync(string key)
    {
        if (Style == CallStyle.Async)
        {
            return Cache.RefreshAsync(key, TestContext.Current.CancellationToken);
        }

        Cache.Refresh(key);
        return Task.CompletedTask;
    }

    public Task RemoveAsync(string key)
    {
        if (Style == CallStyle.Async)
        {
            return Cache.RemoveAsync(key, TestContext.Current.CancellationToken);
        }

        Cache.Remove(key);
        return Task.CompletedTask;
    }

    public async Task<VersionedValue> GetVersionedAsync(string key)
    {
        VersionedValue value = Style == CallStyle.Sync ? Cache.GetVersioned(key) : await Cache.GetVersionedAsync(key, TestContext.Current.CancellationToken);
        await Cache.Parts.Background.WhenIdleAsync();
        return value;
    }

    public async Task<CacheVersion?> TrySetAsync(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions? options = null)
    {
        options ??= new DistributedCacheEntryOptions();
        return Style == CallStyle.Sync
            ? Cache.TrySet(key, value, expected, options)
            : await Cache.TrySetAsync(key, value, expected, options, TestContext.Current.CancellationToken);
    }

    public async Task<bool> TryRemoveAsync(string key, CacheVersion expected) =>
        Style == CallStyle.Sync ? Cache.TryRemove(key, expected) : await Cache.TryRemoveAsync(key, expected, TestContext.Current.CancellationToken);

    /// <summary>Starts a call on a thread of its own: blocking calls that need Datastore need the thread pool, and must not occupy it.</summary>
    public static Task<T> OnThread<T>(Func<Task<T>> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();

    public ValueTask DisposeAsync() => Cache.DisposeAsync();

    [SuppressMessage("Reliability", "CA2016", Justification = "The connection is made whether or not the test still waits.")]
    private async Task SettleAsync()
    {
        if (Cache.Parts.Services.Settings is { } settings && !HasNoMemcache)
        {
            // Connected, and old enough: a server that has just started is not filled until every lock that it may have lost has run out.
            await Cache.GetAsync("settle");
            Clock.Advance(settings.LockTime + TimeSpan.FromSeconds(10));
        }
    }

    private bool HasNoMemcache => !Cache.GetStatistics().Tiers.Any(static t => t.Tier == "memcache");
}

/// <summary>The combinations of tiers and styles that a contract holds for.</summary>
internal static class Combinations
{
    public static IEnumerable<TheoryDataRow<Backend, CallStyle>> All =>
        from backend in Enum.GetValues<Backend>()
        from style in Enum.GetValues<CallStyle>()
        select new TheoryDataRow<Backend, CallStyle>(backend, style);

    public static IEnumerable<TheoryDataRow<Backend, CallStyle>> Durable =>
        from backend in Enum.GetValues<Backend>()
        where backend != Backend.MemcacheOnly
        from style in Enum.GetValues<CallStyle>()
        select new TheoryDataRow<Backend, CallStyle>(backend, style);

    public static IEnumerable<TheoryDataRow<Backend, CallStyle>> Both =>
        from backend in (Backend[])[Backend.RealMemcachedAndDatastore, Backend.EmulatedMemcachedAndDatastore, Backend.ProtectedMemcachedAndDatastore]
        from style in Enum.GetValues<CallStyle>()
        select new TheoryDataRow<Backend, CallStyle>(backend, style);
}

/// <summary>Short names for what the contract tests say over and over.</summary>
internal static class Entries
{
    public static DistributedCacheEntryOptions Sliding(TimeSpan window) => new() { SlidingExpiration = window };

    public static DistributedCacheEntryOptions Within(TimeSpan time) => new() { AbsoluteExpirationRelativeToNow = time };

    public static DistributedCacheEntryOptions At(DateTimeOffset time) => new() { AbsoluteExpiration = time };

    public static TimeSpan S(double seconds) => TimeSpan.FromSeconds(seconds);

    public static byte[] Bytes(int size, int seed = 1)
    {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++)
        {
            bytes[i] = (byte)((i * 31) + seed + (i >> 8));
        }

        return bytes;
    }
}
