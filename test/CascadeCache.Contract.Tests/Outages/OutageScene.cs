using System.Globalization;
using CascadeCache.Contract.Tests.Session;
using Microsoft.AspNetCore.DataProtection;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>Two application servers, each with a cache, a stock session and a way of its own to memcached; and values in them, before anything breaks.</summary>
internal sealed class OutageScene : IAsyncDisposable
{
    private const string Lasting = "lasting";

    private readonly HttpClient _browser = SessionHost.NewBrowser();
    private readonly List<SessionHost> _hosts = [];

    private OutageScene(OutageFixture servers)
    {
        Servers = servers;
        WayOfOne = new CuttingProxy(servers.Memcached.Port);
        WayOfOther = new CuttingProxy(servers.Memcached.Port);
    }

    public OutageFixture Servers { get; }

    public CuttingProxy WayOfOne { get; }

    public CuttingProxy WayOfOther { get; }

    public CascadeDistributedCache One { get; private set; } = null!;

    public CascadeDistributedCache Other { get; private set; } = null!;

    public static async Task<OutageScene> StartAsync(OutageRow row, CascadeConsistency consistency, CallStyle style)
    {
        var scene = new OutageScene(await OutageFixture.StartAsync(row.MemcachedArguments));
        var protector = new EphemeralDataProtectionProvider();
        scene.One = await scene.Servers.NewCacheAsync(options => Configure(options, scene.WayOfOne));
        scene.Other = await scene.Servers.NewCacheAsync(options => Configure(options, scene.WayOfOther));
        foreach (CuttingProxy way in (CuttingProxy[])[scene.WayOfOne, scene.WayOfOther])
        {
            scene._hosts.Add(await SessionHost.StartAsync(options => ConfigureHost(options, way), protector, clock: scene.Servers.Clock));
        }

        foreach (string key in (string[])["cached", "durable", "written", "refreshed", "removed"])
        {
            await scene.One.SetAsync(style, key, 1);
        }

        foreach (CascadeDistributedCache cache in scene.Caches)
        {
            await cache.SetAsync(style, Lasting, 1);
        }

        Assert.Equal(1, await scene.CountAsync(0));
        await scene.Servers.Memcached.AskAsync("md o.durable\r\n", "\r\n");
        return scene;

        void Configure(CascadeCacheOptions options, CuttingProxy way)
        {
            // More than a busy machine needs; the rows that are about time-outs have shorter ones.
            options.Memcache.ConnectTimeout = TimeSpan.FromSeconds(10);
            options.Memcache.OperationTimeout = TimeSpan.FromSeconds(10);
            options.Resilience.Memcache.TotalTimeout = TimeSpan.FromSeconds(15);
            options.Datastore.OperationTimeout = TimeSpan.FromSeconds(15);
            options.Resilience.Datastore.TotalTimeout = TimeSpan.FromSeconds(20);
            options.Resilience.Datastore.BreakerMinimumThroughput = 1000; // the circuit has tests of its own
            options.Consistency = consistency;
            options.Memcache.Servers.Add(way.Host);
            row.Configure(options);
        }

        void ConfigureHost(CascadeCacheOptions options, CuttingProxy way)
        {
            Configure(options, way);
            options.Datastore.EmulatorHost = scene.Servers.Datastore.Host;
            options.Datastore.ProjectId = "outage";
            options.Resilience.Datastore.RetryBaseDelay = TimeSpan.FromMilliseconds(5);
            options.Resilience.Datastore.RetryMaxDelay = TimeSpan.FromMilliseconds(20);
        }
    }

    private IEnumerable<CascadeDistributedCache> Caches => [One, Other, .. _hosts.Select(static host => host.Cache)];

    /// <summary>Loads the session on one of the servers, adds one to its number and commits it.</summary>
    /// <returns>The number; null when the request failed.</returns>
    public async Task<int?> CountAsync(int server) =>
        int.TryParse(await _hosts[server].GetAsync(_browser, "/count"), CultureInfo.InvariantCulture, out int count) && count < 100 ? count : null;

    /// <summary>Until memcached answers every application server's reads again.</summary>
    public async Task UntilServedAgainAsync()
    {
        foreach (CascadeDistributedCache cache in Caches)
        {
            await Servers.UntilAsync(async () =>
            {
                await Record.ExceptionAsync(() => cache.GetAsync("connect", OutageFixture.Token));
                return cache.GetStatistics().Tiers.Single(static tier => tier.Tier == "memcache").IsConnected;
            });
        }

        // A server that was restarted is not filled at first, and a lease that was won in that time would have to run out, by the server's own clock.
        Servers.Clock.Advance(One.Parts.Services.Settings.LockTime + TimeSpan.FromSeconds(10));
        foreach (CascadeDistributedCache cache in Caches)
        {
            await Servers.UntilAsync(async () =>
            {
                long before = cache.GetStatistics().MemcacheHits;
                await Record.ExceptionAsync(() => cache.GetAsync(Lasting, OutageFixture.Token));
                return cache.GetStatistics().MemcacheHits > before;
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        Servers.OnCall = null;
        foreach (SessionHost host in _hosts)
        {
            await host.DisposeAsync();
        }

        _browser.Dispose();
        await Servers.DisposeAsync();
        await WayOfOne.DisposeAsync();
        await WayOfOther.DisposeAsync();
    }
}
