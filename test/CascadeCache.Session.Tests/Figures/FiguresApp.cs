using System.Globalization;
using System.Net;
using CascadeCache.Diagnostics;
using CascadeCache.TestKit.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Session.Tests.Figures;

/// <summary>What a web application has its sessions on.</summary>
internal enum Setup
{
    /// <summary>The stock session over the cache.</summary>
    Stock,

    /// <summary>The same, with a copy per request in between.</summary>
    RequestLayer,

    /// <summary>The session store of this package.</summary>
    CascadeSession,
}

/// <summary>
/// A web application whose every call is counted: on a real memcached of its own, which counts the commands itself, and on the Datastore emulator. Its clock stands still unless the test moves it, so
/// that the figures are the same each time.
/// </summary>
internal sealed class FiguresApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RealMemcached _memcached;
    private readonly SemaphoreSlim _ended;

    private FiguresApp(WebApplication app, RealMemcached memcached, FakeTimeProvider clock, SemaphoreSlim ended) =>
        (_app, _memcached, Clock, _ended) = (app, memcached, clock, ended);

    public FakeTimeProvider Clock { get; }

    private CascadeDistributedCache Cache => _app.Services.GetRequiredService<CascadeDistributedCache>();

    public static async Task<FiguresApp> StartAsync(TestServers servers, Setup setup, LogLevel level = LogLevel.Warning)
    {
        RealMemcached memcached = await RealMemcached.StartAsync();
        string datastore = await servers.DatastoreAsync();

        // On the whole minute: what memcached keeps of a time is in whole seconds.
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        var clock = new FakeTimeProvider(now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute)));
        var ended = new SemaphoreSlim(0);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(level).AddProvider(new Store.Fakes.KeptLogs(level));
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
        builder.Services.AddCascadeDistributedCache(options =>
        {
            options.KeyPrefix = Guid.NewGuid().ToString("N") + ".";
            options.Memcache.Servers.Add(memcached.Host);
            (options.Datastore.EmulatorHost, options.Datastore.ProjectId) = (datastore, "figures");
        });
        builder.Services.AddSession(static options => options.Cookie.IsEssential = true);
        _ = setup switch
        {
            Setup.RequestLayer => builder.Services.AddCascadeRequestLayer(),
            Setup.CascadeSession => builder.Services.AddCascadeSession(),
            _ => builder.Services,
        };
        WebApplication app = builder.Build();

        // The session is stored and refreshed after the response; only the end of the pipeline is the end of the request.
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            finally
            {
                ended.Release();
            }
        });
        app.UseSession();
        app.Run(Serve);
        await app.StartAsync(TestContext.Current.CancellationToken);
        var figures = new FiguresApp(app, memcached, clock, ended);
        await figures.SettleAsync();
        return figures;
    }

    public HttpClient NewBrowser() => new(new SocketsHttpHandler { CookieContainer = new CookieContainer() }) { BaseAddress = new Uri(_app.Urls.First()) };

    /// <summary>One request, to its end and that of the background work it started. "" leaves the session alone.</summary>
    public async Task RequestAsync(HttpClient browser, string path)
    {
        using HttpResponseMessage response = await browser.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
        await _ended.WaitAsync(TestContext.Current.CancellationToken);
        await Cache.Parts.Background.WhenIdleAsync();
    }

    public async Task<Cost> CountAsync(Func<Task> requests)
    {
        Cost before = await TotalAsync();
        await requests();
        return (await TotalAsync()) - before;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _memcached.DisposeAsync();
        _ended.Dispose();
    }

    private static Task Serve(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        if (path == "/read")
        {
            return context.Response.WriteAsync(context.Session.GetString("value") ?? "(none)");
        }

        if (path.StartsWith("/write/", StringComparison.Ordinal))
        {
            context.Session.SetString("value", path["/write/".Length..]);
        }

        return Task.CompletedTask;
    }

    // A server that has just started is not filled before the locks that it may have lost have run out.
    private async Task SettleAsync()
    {
        await Cache.GetAsync("settle");
        Clock.Advance(Cache.Parts.Services.Settings.LockTime + TimeSpan.FromSeconds(10));
    }

    private async Task<Cost> TotalAsync()
    {
        Dictionary<string, string> stats = (await _memcached.AskAsync("stats\r\n", "END\r\n")).Split("\r\n")
            .Select(static line => line.Split(' ')).Where(static words => words is ["STAT", ..]).ToDictionary(static words => words[1], static words => words[2]);
        long commands = new[] { "cmd_get", "cmd_set", "cmd_touch", "delete_hits", "delete_misses" }.Sum(name => long.Parse(stats[name], CultureInfo.InvariantCulture));
        CacheCounters counters = Cache.Parts.Counters;
        return new Cost(
            commands,
            counters.Get(Counter.DatastoreReadsForGet) + counters.Get(Counter.DatastoreReadsForSlide) + counters.Get(Counter.DatastoreReadsForSet) + counters.Get(Counter.DatastoreReadsForRemove),
            counters.Get(Counter.DatastoreWritesForSet) + counters.Get(Counter.DatastoreWritesForSlide),
            counters.Get(Counter.DatastoreDeletesForSet) + counters.Get(Counter.DatastoreDeletesForRemove));
    }
}
