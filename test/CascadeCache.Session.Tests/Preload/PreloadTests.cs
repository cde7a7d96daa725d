using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Tests.Store.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CascadeCache.Session.Tests.Preload;

/// <summary>The load ahead of the request: awaited, for sessions that exist, and never what makes a request fail.</summary>
public sealed class PreloadTests
{
    [Theory]
    [InlineData("", "GetVersionedAsync")]
    [InlineData("read", "GetVersionedAsync")]
    [InlineData("load;read", "GetVersionedAsync")]
    [InlineData("set:a=1", "GetVersionedAsync TrySetAsync")]
    public async Task A_session_is_loaded_without_blocking(string script, string expected)
    {
        await using SessionApp app = await SessionApp.StartAsync(Settings());
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:k=1");
        Assert.Equal("TrySetAsync", app.Cache.TakeCalls());
        await app.RunAsync(browser, script);

        Assert.Equal(expected, app.Cache.TakeCalls());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_without_a_session_loads_nothing(bool loadNewSessions)
    {
        await using SessionApp app = await SessionApp.StartAsync(Settings() with { Configure = options => options.LoadNewSessions = loadNewSessions });
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "");

        Assert.Equal("", app.Cache.TakeCalls());
    }

    [Fact]
    public async Task If_the_load_fails_the_request_goes_on_and_nothing_blocks_once_more()
    {
        await using SessionApp app = await SessionApp.StartAsync(Settings());
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:k=1");
        app.Cache.TakeCalls();
        app.Cache.Before = static call => call.StartsWith("Get", StringComparison.Ordinal) ? throw new CascadeUnavailableException("Out of order.") : default;

        Assert.Equal("ours", await app.RunAsync(browser, "type"));
        Assert.Equal("(unavailable)", await app.RunAsync(browser, "set:a=1;show"));
        Assert.Equal("GetVersionedAsync RefreshAsync GetVersionedAsync RefreshAsync", app.Cache.TakeCalls());
        Assert.Equal([104, 104], app.Logs.OwnIds);
        Assert.Equal(2, app.Counters.Get(SessionCounter.FailedPreloads));

        app.Cache.Before = null;
        Assert.Equal("k=1", await app.RunAsync(browser, "show"));
    }

    [Fact]
    public async Task The_time_out_of_the_session_is_a_failed_load_too()
    {
        await using SessionApp app = await SessionApp.StartAsync(Settings());
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:k=1");
        app.Cache.Before = static call => call.StartsWith("Get", StringComparison.Ordinal) ? throw new OperationCanceledException("Timed out.") : default;

        Assert.Equal("ours (unavailable)", await app.RunAsync(browser, "type;show"));
        Assert.Equal([104], app.Logs.OwnIds);
    }

    [Fact]
    public async Task A_request_that_its_client_has_called_off_ends()
    {
        var ended = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        AppSettings settings = Settings();
        settings = settings with
        {
            Pipeline = app => app.Use(next => async context =>
            {
                context.RequestAborted.Register(aborted.SetResult);
                Exception? exception = await Record.ExceptionAsync(() => next(context));
                if (context.Request.Query["do"] == "type")
                {
                    ended.SetResult(exception);
                }
            }).UseSession().UseCascadeSessionPreload(),
        };
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:k=1");
        var loading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Cache.Before = async call =>
        {
            if (call == "GetVersionedAsync")
            {
                loading.SetResult();
                await aborted.Task;
                throw new OperationCanceledException("Called off.");
            }
        };
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> request = browser.GetAsync(new Uri(app.Address, "/?do=type"), cancel.Token);
        await loading.Task;
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        Assert.IsAssignableFrom<OperationCanceledException>(await ended.Task);
        Assert.Empty(app.Logs.OwnIds);
    }

    [Fact]
    public async Task Without_a_session_in_the_pipeline_the_first_request_says_what_is_missing()
    {
        Exception? failure = null;
        AppSettings settings = new()
        {
            Pipeline = app => app.Use(next => async context => failure = await Record.ExceptionAsync(() => next(context))).UseCascadeSessionPreload(),
        };
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "");

        Assert.Contains("UseSession()", Assert.IsType<InvalidOperationException>(failure).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "GetAsync RefreshAsync")]
    [InlineData("read", "GetAsync RefreshAsync")]
    public async Task With_the_stock_store_the_cookie_tells(string script, string expected)
    {
        await using SessionApp app = await SessionApp.StartAsync(Settings() with
        {
            Register = static (services, _) => services.AddSession(static options => options.Cookie.Name = "mine"),
        });
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "");
        Assert.Equal("RefreshAsync", app.Cache.TakeCalls());
        await app.RunAsync(browser, "set:k=1");
        app.Cache.TakeCalls();
        await app.RunAsync(browser, script);

        Assert.Equal(expected, app.Cache.TakeCalls());
        Assert.Equal("other", await app.RunAsync(browser, "type"));
    }

    private static AppSettings Settings() => new() { Pipeline = static app => app.UseSession().UseCascadeSessionPreload() };
}
