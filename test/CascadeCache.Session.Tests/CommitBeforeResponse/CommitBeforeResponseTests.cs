using System.Net;
using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Tests.Store.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CascadeCache.Session.Tests.CommitBeforeResponse;

/// <summary>The session is stored when the response starts, so that who has the response finds what it wrote; and who does not find it was told of an error.</summary>
public sealed class CommitBeforeResponseTests
{
    [Theory]
    [InlineData("set:a=1;start;gate:g", "a=1,k=1")]
    [InlineData("load;set:a=1;set:b=1;start;gate:g", "a=1,b=1,k=1")]
    [InlineData("clear;start;gate:g", "")]
    public async Task What_was_set_before_the_response_is_there_when_it_starts(string script, string expected)
    {
        foreach (bool isOn in (bool[])[true, false])
        {
            AppSettings settings = Settings(isOn);
            await using SessionApp app = await SessionApp.StartAsync(settings);
            using HttpClient browser = SessionApp.NewBrowser();
            await app.RunAsync(browser, "set:k=1");
            Task<string> request = await app.RunToGateAsync(browser, script, "g");
            string seen = await app.RunAsync(browser, "show");
            settings.Gates.Open("g");
            await request;

            Assert.Equal(isOn ? expected : "k=1", seen);
        }
    }

    [Theory]
    [InlineData("", "RefreshAsync")]
    [InlineData("start", "RefreshAsync")]
    [InlineData("read;start", "GetVersioned")]
    [InlineData("load;start", "GetVersionedAsync")]
    [InlineData("set:a=1;start", "GetVersioned TrySetAsync")]
    [InlineData("set:a=1;redirect:/", "GetVersioned TrySetAsync")]
    [InlineData("set:a=1;show", "GetVersioned TrySetAsync")]
    [InlineData("set:a=1;commit;start", "GetVersioned TrySetAsync")]
    [InlineData("load;start;set:b=1", "GetVersionedAsync TrySetAsync")]
    [InlineData("set:a=1;start;set:b=1", "GetVersioned TrySetAsync TrySetAsync")]
    [InlineData("start;set:b=1", "GetVersioned TrySetAsync")]
    public async Task It_costs_no_call_more(string script, string expected)
    {
        await using SessionApp app = await SessionApp.StartAsync(Settings());
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:k=1");
        app.Cache.TakeCalls();
        await app.RunAsync(browser, script);

        Assert.Equal(expected, app.Cache.TakeCalls());
    }

    [Theory]
    [InlineData("start", "RefreshAsync")]
    [InlineData("load;start", "GetVersionedAsync RefreshAsync")]
    [InlineData("set:a=1;start", "GetVersioned TrySetAsync RefreshAsync")]
    public async Task Nor_a_second_refresh_without_a_threshold(string script, string expected)
    {
        AppSettings settings = Settings() with
        {
            Configure = static options => (options.CommitBeforeResponse, options.RefreshThreshold) = (true, TimeSpan.Zero),
        };
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:k=1");
        app.Cache.TakeCalls();
        await app.RunAsync(browser, script);

        Assert.Equal(expected, app.Cache.TakeCalls());
    }

    [Fact]
    public async Task A_new_session_is_stored_before_the_response_that_brings_its_cookie()
    {
        AppSettings settings = Settings();
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        Task<HttpResponseMessage> sending = browser.GetAsync(
            new Uri(app.Address, "/?do=" + Uri.EscapeDataString("set:a=1;flush;gate:g")), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using HttpResponseMessage response = await sending;

        Assert.True(response.Headers.Contains("Set-Cookie"));
        Assert.Equal("a=1", await app.RunAsync(browser, "show"));
        settings.Gates.Open("g");
    }

    [Theory]
    [InlineData("set:a=1;start", "500", "200")]
    [InlineData("set:a=1;show", "500", "200")]
    [InlineData("set:a=1;redirect:/next", "500", "302")]
    [InlineData("set:a=1", "500", "200")]
    [InlineData("load;set:a=1;trycommit", "500", "200")]
    public async Task A_failed_commit_is_an_error_of_the_response(string script, string status, string otherwise)
    {
        foreach (bool isOn in (bool[])[true, false])
        {
            await using SessionApp app = await SessionApp.StartAsync(Settings(isOn));
            using HttpClient browser = SessionApp.NewBrowser();
            await app.RunAsync(browser, "set:k=1");
            app.Cache.Before = FailWrites;
            using HttpResponseMessage response = await app.SendAsync(browser, script);

            Assert.Equal(isOn ? status : otherwise, $"{(int)response.StatusCode}");
            Assert.Equal(isOn, app.Logs.Entries.Any(static entry => entry.Category.StartsWith("Microsoft.AspNetCore.Server.Kestrel", StringComparison.Ordinal)
                && entry.Text.Contains(nameof(CascadeUnavailableException), StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task A_new_session_that_cannot_be_stored_gets_no_cookie()
    {
        await using SessionApp app = await SessionApp.StartAsync(Settings());
        using HttpClient browser = SessionApp.NewBrowser();
        app.Cache.Before = FailWrites;
        foreach (string script in (string[])["set:a=1;start", "set:a=1;redirect:/next"])
        {
            using HttpResponseMessage response = await app.SendAsync(browser, script);

            Assert.Equal((HttpStatusCode.InternalServerError, false), (response.StatusCode, response.Headers.Contains("Set-Cookie")));
        }
    }

    [Fact]
    public async Task The_application_sees_the_error_where_it_starts_the_response()
    {
        Exception? seen = null;
        AppSettings settings = Settings() with
        {
            Pipeline = app => app.UseSession().Use(next => async context =>
            {
                seen = await Record.ExceptionAsync(() => next(context));
                Assert.False(context.Response.HasStarted);
            }),
        };
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        app.Cache.Before = FailWrites;
        using HttpResponseMessage response = await app.SendAsync(browser, "set:a=1;start");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.IsType<CascadeUnavailableException>(seen!.InnerException);
    }

    [Theory]
    [InlineData("set:a=1;start")]
    [InlineData("set:a=1;redirect:/next")]
    public async Task A_commit_that_takes_too_long_does_not_look_like_a_client_that_has_gone(string script)
    {
        await using SessionApp app = await SessionApp.StartAsync(Settings());
        using HttpClient browser = SessionApp.NewBrowser();
        app.Cache.Before = static call => call == "TrySetAsync" ? throw new OperationCanceledException("The time-out of the session.") : default;
        using HttpResponseMessage response = await app.SendAsync(browser, script);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Contains(app.Logs.Entries, static entry => entry.Text.Contains(nameof(TimeoutException), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_an_exception_of_the_application_the_session_is_stored_and_its_error_page_stays(bool isHandlerInside)
    {
        foreach (bool isFailing in (bool[])[false, true])
        {
            AppSettings settings = Settings() with { Pipeline = app => (isHandlerInside ? app.UseSession().Use(ErrorPage) : app.Use(ErrorPage).UseSession()).Use(static next => next) };
            await using SessionApp app = await SessionApp.StartAsync(settings);
            using HttpClient browser = SessionApp.NewBrowser();
            await app.RunAsync(browser, "set:k=1");
            app.Cache.TakeCalls();
            app.Cache.Before = isFailing ? FailWrites : null;

            Assert.Equal("500 Sorry.", await app.RunAsync(browser, "set:a=1;throw"));
            Assert.Equal(isFailing ? [105] : [], app.Logs.OwnIds);
            string calls = app.Cache.TakeCalls();
            Assert.Equal("GetVersioned TrySetAsync" + (isFailing && isHandlerInside ? " TrySetAsync" : ""), calls);
            app.Cache.Before = null;
            Assert.Equal(isFailing ? "k=1" : "a=1,k=1", await app.RunAsync(browser, "show"));
        }
    }

    [Fact]
    public async Task An_exception_that_nobody_handles_leaves_the_commit_to_the_end_of_the_session()
    {
        await using SessionApp app = await SessionApp.StartAsync(Settings());
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:k=1");
        app.Cache.TakeCalls();

        Assert.Equal("500", await app.RunAsync(browser, "set:a=1;throw"));
        Assert.Equal("GetVersioned TrySetAsync", app.Cache.TakeCalls());
    }

    [Fact]
    public async Task What_the_application_sets_as_the_response_starts_is_stored_too()
    {
        AppSettings settings = Settings() with
        {
            Pipeline = static app => app.UseSession().Use(static next => context =>
            {
                context.Response.OnStarting(() =>
                {
                    context.Session.SetString("late", "1");
                    return Task.CompletedTask;
                });
                return next(context);
            }),
        };
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        Task<string> request = await app.RunToGateAsync(browser, "start;gate:g", "g");
        Assert.Single(settings.Store.Keys);
        Assert.Equal(1, app.Counters.Get(SessionCounter.FirstAttempts));
        settings.Gates.Open("g");
        await request;
    }

    [Fact]
    public async Task A_request_outside_of_any_session_is_left_alone()
    {
        AppSettings settings = Settings() with { Pipeline = static app => app.Map("/plain", static plain => plain.Run(static context => context.Response.WriteAsync("plain"))).UseSession() };
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();

        Assert.Equal("plain", await browser.GetStringAsync(new Uri(app.Address, "/plain"), TestContext.Current.CancellationToken));
        Assert.Equal("", app.Cache.TakeCalls());
    }

    private static AppSettings Settings(bool isOn = true) => new() { Configure = options => options.CommitBeforeResponse = isOn };

    private static ValueTask FailWrites(string call) =>
        call is "TrySetAsync" or "SetAsync" ? throw new CascadeUnavailableException("Out of order.") : default;

    private static RequestDelegate ErrorPage(RequestDelegate next) => async context =>
    {
        try
        {
            await next(context);
        }
        catch (InvalidOperationException)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await context.Response.WriteAsync("Sorry.");
        }
    };
}
