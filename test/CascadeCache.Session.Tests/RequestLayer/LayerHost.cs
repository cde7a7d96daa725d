using System.Globalization;
using System.Net;
using CascadeCache.Emulators;
using CascadeCache.TestKit.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>A web application on a loopback port, with the cache on emulators of both servers. Its end points tell how many reads of the cache they cost.</summary>
internal sealed class LayerHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly IAsyncDisposable[] _servers;

    private LayerHost(WebApplication app, params IAsyncDisposable[] servers) => (_app, _servers) = (app, servers);

    public CascadeDistributedCache Cache => _app.Services.GetRequiredService<CascadeDistributedCache>();

    /// <summary>What an end point left running.</summary>
    public Task<string> Background { get; private set; } = Task.FromResult("(not started)");

    /// <summary>Lets the task in the background go on.</summary>
    public TaskCompletionSource RequestEnded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<LayerHost> StartAsync(bool withLayer = true, LogLevel level = LogLevel.Warning)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        MemcachedEmulator memcached = await MemcachedEmulator.StartAsync(cancellationToken: token);
        DatastoreEmulator datastore = await DatastoreEmulator.StartAsync(cancellationToken: token);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(level).AddProvider(new SilentLogs());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
        builder.Services.AddCascadeDistributedCache(options =>
        {
            options.Memcache.Servers.Add(memcached.Host);
            (options.Datastore.EmulatorHost, options.Datastore.ProjectId) = (datastore.Host, "layer");
        });
        builder.Services.AddSession(static options => options.Cookie.IsEssential = true);
        if (withLayer)
        {
            builder.Services.AddCascadeRequestLayer();
        }

        WebApplication app = builder.Build();
        app.UseSession();
        app.UseRouting();
        var host = new LayerHost(app, memcached, datastore);
        host.MapEndpoints();
        await app.StartAsync(token);
        return host;
    }

    /// <summary>A browser: keeps its cookies, and one connection if it asks one thing after the other.</summary>
    public HttpClient NewBrowser() => new(new SocketsHttpHandler { CookieContainer = new CookieContainer() }) { BaseAddress = new Uri(_app.Urls.First()) };

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        foreach (IAsyncDisposable server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private void MapEndpoints()
    {
        _app.MapGet("/twice/{key}", async (string key, IDistributedCache cache) =>
        {
            long before = Reads();
            byte[]? first = await cache.GetAsync(key);
            byte[]? second = cache.Get(key);
            return Told(before, LayerRig.Text(first), LayerRig.Text(second));
        });
        _app.MapGet("/parallel/{key}", async (string key, IDistributedCache cache) =>
        {
            byte[]?[] seen = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => cache.GetAsync(key))));
            long before = Reads();
            return Told(before, [.. seen.Append(await cache.GetAsync(key)).Select(LayerRig.Text).Distinct()]);
        });
        _app.MapGet("/versions/{key}", async (string key, IDistributedCache cache) =>
        {
            var versions = (IVersionedDistributedCache)cache;
            CacheVersion first = (await versions.TrySetAsync(key, LayerRig.Bytes("mine"), CacheVersion.Absent, LayerRig.Options))!.Value;
            long before = Reads();
            string afterWrite = Told(before, LayerRig.Text(await cache.GetAsync(key)));
            await Cache.SetAsync(key, LayerRig.Bytes("theirs"), LayerRig.Options);
            bool isConflict = await versions.TrySetAsync(key, LayerRig.Bytes("lost"), first, LayerRig.Options) is null;
            before = Reads();
            return $"{afterWrite} {isConflict} {Told(before, LayerRig.Text(await cache.GetAsync(key)))}";
        });
        _app.MapGet("/session/{value}", async (string value, HttpContext context) =>
        {
            long before = Reads();
            context.Session.SetString("value", value);
            await context.Session.CommitAsync();
            return Told(before);
        });
        _app.MapGet("/show", static async (HttpContext context) =>
        {
            await context.Session.LoadAsync();
            return context.Session.GetString("value") ?? "(none)";
        });
        _app.MapGet("/background/{key}", async (string key, IDistributedCache cache) =>
        {
            await cache.GetAsync(key);
            Background = Task.Run(async () =>
            {
                await RequestEnded.Task;
                return LayerRig.Text(await cache.GetAsync(key)) ?? "(none)";
            });
        });
    }

    private string Told(long before, params string?[] values) =>
        string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', values.Select(static value => value ?? "(none)"))} {Reads() - before}").Trim();

    private long Reads()
    {
        CascadeCacheStatistics statistics = Cache.GetStatistics();
        return statistics.MemcacheHits + statistics.MemcacheAbsentHits + statistics.MemcacheMisses + statistics.MemcacheLocked + statistics.MemcacheUnavailable;
    }
}
