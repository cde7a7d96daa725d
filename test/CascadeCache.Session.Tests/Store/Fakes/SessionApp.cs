using System.Net;
using CascadeCache.Session.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>How a <see cref="SessionApp"/> is set up. Instances made of copies of one of these share sessions.</summary>
internal sealed record AppSettings
{
    public AppSettings() => Store = new FakeStore(Clock);

    public FakeTimeProvider Clock { get; } = new();

    public FakeStore Store { get; init; }

    public Gates Gates { get; } = new();

    public IDataProtectionProvider Protector { get; } = new EphemeralDataProtectionProvider();

    public LogLevel Level { get; init; } = LogLevel.Warning;

    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(20);

    public TimeSpan IOTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Registers the cache; null: the one in memory, over <see cref="Store"/>.</summary>
    public Action<IServiceCollection>? RegisterCache { get; init; }

    public Action<CascadeSessionOptions> Configure { get; init; } = static _ => { };

    /// <summary>Registers what is under test, the stock session first or last.</summary>
    public Action<IServiceCollection, Action<CascadeSessionOptions>> Register { get; init; } = static (services, configure) => services.AddSession().AddCascadeSession(configure);

    /// <summary>Builds the pipeline before the endpoint.</summary>
    public Action<IApplicationBuilder> Pipeline { get; init; } = static app => app.UseSession();
}

/// <summary>A web application on a loopback port that runs a <see cref="Script"/> per request.</summary>
internal sealed class SessionApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SessionApp(WebApplication app, KeptLogs logs, FakeVersionedCache cache) => (_app, Logs, Cache) = (app, logs, cache);

    public KeptLogs Logs { get; }

    public FakeVersionedCache Cache { get; }

    /// <summary>The cache of both tiers, if that is what the sessions are on.</summary>
    public CascadeDistributedCache RealCache => _app.Services.GetRequiredService<CascadeDistributedCache>();

    public SessionCounters Counters => _app.Services.GetRequiredService<SessionCounters>();

    public Uri Address => new(_app.Urls.First());

    public static async Task<SessionApp> StartAsync(AppSettings settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var logs = new KeptLogs(settings.Level);
        var cache = new FakeVersionedCache(settings.Store);
        builder.Logging.SetMinimumLevel(settings.Level).AddProvider(logs);
        builder.Services.AddSingleton<TimeProvider>(settings.Clock);
        builder.Services.AddSingleton(settings.Protector);
        builder.Services.AddSingleton(settings.Gates);
        if (settings.RegisterCache is { } register)
        {
            register(builder.Services);
        }
        else
        {
            builder.Services.AddSingleton<IDistributedCache>(cache);
        }

        settings.Register(builder.Services, options =>
        {
            // Delays are for many writers; here they would wait for a clock that stands still.
            options.RetryBaseDelay = TimeSpan.Zero;
            settings.Configure(options);
        });
        builder.Services.Configure<SessionOptions>(options =>
        {
            options.IdleTimeout = settings.IdleTimeout;
            options.IOTimeout = settings.IOTimeout;
        });
        WebApplication app = builder.Build();
        settings.Pipeline(app);
        app.Run(Script.RunAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new SessionApp(app, logs, cache);
    }

    /// <summary>A browser: keeps its cookies, for all instances; follows nothing by itself.</summary>
    public static HttpClient NewBrowser(CookieContainer? cookies = null) => new(new SocketsHttpHandler { CookieContainer = cookies ?? new CookieContainer(), AllowAutoRedirect = false });

    /// <summary>Runs a script and returns what it found, the status in front if it is not 200.</summary>
    public async Task<string> RunAsync(HttpClient browser, string script)
    {
        using HttpResponseMessage response = await SendAsync(browser, script);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return response.StatusCode == HttpStatusCode.OK ? text : $"{(int)response.StatusCode} {text}".TrimEnd();
    }

    public Task<HttpResponseMessage> SendAsync(HttpClient browser, string script) =>
        browser.GetAsync(new Uri(Address, "/?do=" + Uri.EscapeDataString(script)), TestContext.Current.CancellationToken);

    /// <summary>Runs a script up to a gate of the given name, which must be in it.</summary>
    public async Task<Task<string>> RunToGateAsync(HttpClient browser, string script, string gate)
    {
        Task<string> request = RunAsync(browser, script);
        await _app.Services.GetRequiredService<Gates>().ArrivedAsync(gate);
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
