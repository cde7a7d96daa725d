using System.Globalization;
using System.Net;
using CascadeCache.TestKit.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Contract.Tests.Session;

/// <summary>A web application with the stock session on our cache, on a loopback port. Two of them with the same protector and servers share sessions.</summary>
internal sealed class SessionHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SessionHost(WebApplication app, MovableClock clock) => (_app, Clock) = (app, clock);

    public MovableClock Clock { get; }

    public Uri Address => new(_app.Urls.First());

    public RecordingCache Calls => (RecordingCache)_app.Services.GetServices<IDistributedCache>().Last();

    public CascadeDistributedCache Cache => _app.Services.GetRequiredService<CascadeDistributedCache>();

    public static async Task<SessionHost> StartAsync(
        Action<CascadeCacheOptions> configure, IDataProtectionProvider? protector = null, LogLevel level = LogLevel.Warning, MovableClock? clock = null)
    {
        clock ??= new MovableClock();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(level).AddProvider(new SilentLogs());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddSingleton(protector ?? new EphemeralDataProtectionProvider());
        builder.Services.AddCascadeDistributedCache(configure);
        builder.Services.AddSession(options => options.Cookie.IsEssential = true);
        builder.Services.AddSingleton<IDistributedCache>(static services => new RecordingCache(services.GetRequiredService<CascadeDistributedCache>()));
        WebApplication app = builder.Build();
        app.UseSession();
        app.UseRouting();
        MapEndpoints(app);
        await app.StartAsync();
        var host = new SessionHost(app, clock);
        await host.SettleAsync();
        return host;
    }

    /// <summary>A browser: keeps its cookies.</summary>
    public static HttpClient NewBrowser() => new(new SocketsHttpHandler { CookieContainer = new CookieContainer() });

    public async Task<string> GetAsync(HttpClient browser, string path)
    {
        using HttpResponseMessage response = await browser.GetAsync(new Uri(Address, path), TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return response.IsSuccessStatusCode ? text : $"{(int)response.StatusCode} {text}";
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void MapEndpoints(WebApplication app)
    {
        app.MapGet("/untouched", static () => "");
        app.MapGet("/read", static (HttpContext context) => Show(context.Session));
        app.MapGet("/load", static async (HttpContext context) =>
        {
            await context.Session.LoadAsync();
            return Show(context.Session);
        });
        app.MapGet("/write/{value}", static (HttpContext context, string value) => context.Session.SetString("value", value));
        app.MapGet("/loadwrite/{value}", static async (HttpContext context, string value) =>
        {
            await context.Session.LoadAsync();
            context.Session.SetString("value", value);
        });
        app.MapGet("/remove", static (HttpContext context) => context.Session.Remove("value"));
        app.MapGet("/clear", static (HttpContext context) => context.Session.Clear());
        app.MapGet("/commit/{value}", static async (HttpContext context, string value) =>
        {
            context.Session.SetString("value", value);
            await context.Session.CommitAsync();
        });
        app.MapGet("/count", static async (HttpContext context) =>
        {
            await context.Session.LoadAsync();
            int count = (context.Session.GetInt32("count") ?? 0) + 1;
            context.Session.SetInt32("count", count);
            await context.Session.CommitAsync();
            return count.ToString(CultureInfo.InvariantCulture);
        });
    }

    private static string Show(ISession session) => session.IsAvailable ? session.GetString("value") ?? "(none)" : "(unavailable)";

    // A server that has just started is not filled before the locks that it may have lost have run out.
    private async Task SettleAsync()
    {
        await Cache.GetAsync("settle");
        Clock.Advance(Cache.Parts.Services.Settings.LockTime + TimeSpan.FromSeconds(10));
    }
}
