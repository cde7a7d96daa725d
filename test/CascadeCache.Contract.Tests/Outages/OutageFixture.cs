using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using CascadeCache.Emulators;
using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Processes;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>A memcached and a Datastore of the test's own, to be killed, stopped and broken, with caches on them that share a clock.</summary>
internal sealed class OutageFixture : IAsyncDisposable
{
    public const string Prefix = "o.";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly List<CascadeDistributedCache> _caches = [];

    private OutageFixture(RealMemcached? memcached) => Memcached = memcached!;

    public RealMemcached Memcached { get; }

    public DatastoreEmulator Datastore { get; private set; } = null!;

    /// <summary>What happens to a Datastore call; null for nothing.</summary>
    public Func<DatastoreFaultPoint, CancellationToken, ValueTask>? OnCall { get; set; }

    public MovableClock Clock { get; } = new();

    public LogBook Log { get; } = new();

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="memcachedArguments">The server's options; null: no memcached.</param>
    public static async Task<OutageFixture> StartAsync(params string[]? memcachedArguments)
    {
        var fixture = new OutageFixture(memcachedArguments is null ? null : await RealMemcached.StartAsync(memcachedArguments));
        await fixture.StartDatastoreAsync();
        return fixture;
    }

    /// <summary>Starts a Datastore, empty, in the place of the one before, if there was one.</summary>
    public async Task StartDatastoreAsync()
    {
        int port = Datastore is null ? 0 : int.Parse(Datastore.Host.Split(':')[1], CultureInfo.InvariantCulture);
        var options = new DatastoreEmulatorOptions
        {
            Address = IPAddress.Loopback,
            Port = port,
            OnCall = (point, token) => OnCall?.Invoke(point, token) ?? ValueTask.CompletedTask,
        };
        Datastore = await DatastoreEmulator.StartAsync(options, Token);
    }

    /// <summary>A cache that is connected, and for which memcached is old enough to be filled.</summary>
    public async Task<CascadeDistributedCache> NewCacheAsync(Action<CascadeCacheOptions>? configure = null, Func<string, string?>? environment = null)
    {
        CascadeDistributedCache cache = NewCache(configure, environment);
        await cache.GetAsync("settle", Token);
        Clock.Advance(cache.Parts.Services.Settings.LockTime + TimeSpan.FromSeconds(10));
        return cache;
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "Disposed of with the fixture.")]
    public CascadeDistributedCache NewCache(Action<CascadeCacheOptions>? configure = null, Func<string, string?>? environment = null)
    {
        var options = new CascadeCacheOptions { KeyPrefix = Prefix };
        options.Datastore.EmulatorHost = Datastore.Host;
        options.Datastore.ProjectId = "outage";
        options.Resilience.Datastore.RetryBaseDelay = TimeSpan.FromMilliseconds(5);
        options.Resilience.Datastore.RetryMaxDelay = TimeSpan.FromMilliseconds(20);
        configure?.Invoke(options);
        if (options.Backends.HasFlag(CascadeBackends.Memcache) && options.Memcache.Servers.Count == 0)
        {
            options.Memcache.Servers.Add(Memcached.Host);
        }

        var surroundings = new CacheSurroundings { Time = Clock, Logger = Log, Environment = environment ?? (static _ => null) };
        var cache = new CascadeDistributedCache(options, surroundings);
        _caches.Add(cache);
        return cache;
    }

    /// <summary>Repeats until it holds; time passes meanwhile for whatever waits for it to pass.</summary>
    public async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Limit);
        while (!await holds())
        {
            Clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (CascadeDistributedCache cache in _caches)
        {
            await cache.DisposeAsync();
        }

        await Datastore.DisposeAsync();
        if (Memcached is not null)
        {
            await Memcached.DisposeAsync();
        }
    }
}

/// <summary>Calls in either style, and what is left to do in the background done when they return.</summary>
internal static class Calls
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task<byte[]?> GetAsync(this CascadeDistributedCache cache, CallStyle style, string key)
    {
        byte[]? value = await RunAsync(style, () => cache.Get(key), () => cache.GetAsync(key, OutageFixture.Token));
        await cache.Parts.Background.WhenIdleAsync();
        return value;
    }

    public static Task SetAsync(this CascadeDistributedCache cache, CallStyle style, string key, params byte[] value)
    {
        var options = new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = TimeSpan.FromDays(1) };
        return RunAsync(style, () => cache.Set(key, value, options), () => cache.SetAsync(key, value, options, OutageFixture.Token));
    }

    public static Task RemoveAsync(this CascadeDistributedCache cache, CallStyle style, string key) =>
        RunAsync(style, () => cache.Remove(key), () => cache.RemoveAsync(key, OutageFixture.Token));

    public static Task RefreshAsync(this CascadeDistributedCache cache, CallStyle style, string key) =>
        RunAsync(style, () => cache.Refresh(key), () => cache.RefreshAsync(key, OutageFixture.Token));

    private static Task RunAsync(CallStyle style, Action sync, Func<Task> async) =>
        (style == CallStyle.Sync ? Task.Run(sync, OutageFixture.Token) : async()).WaitAsync(Limit, TimeProvider.System, OutageFixture.Token);

    private static Task<byte[]?> RunAsync(CallStyle style, Func<byte[]?> sync, Func<Task<byte[]?>> async) =>
        (style == CallStyle.Sync ? Task.Run(sync, OutageFixture.Token) : async()).WaitAsync(Limit, TimeProvider.System, OutageFixture.Token);
}
