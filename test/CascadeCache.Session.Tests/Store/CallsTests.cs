using System.Net;
using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Tests.Store.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Tests.Store;

/// <summary>The calls on the cache that a request causes, for each way to use a session, with logging at Warning and at Information, when the stock session makes a call more.</summary>
public sealed class CallsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("read", "")]
    [InlineData("read;read;show;id", "")]
    [InlineData("load;read", "")]
    [InlineData("clear", "")]
    [InlineData("remove:k", "")]
    [InlineData("set:a=1", "TrySetAsync")]
    [InlineData("load;set:a=1", "TrySetAsync")]
    [InlineData("set:a=1;commit", "TrySetAsync")]
    [InlineData("set:a=1;commit;set:b=2;commit", "TrySetAsync TrySetAsync")]
    [InlineData("clear;set:a=1;commit;set:b=1", "TrySetAsync TrySetAsync")]
    [InlineData("commit", "")]
    public async Task Without_a_session(string script, string expected)
    {
        foreach (LogLevel level in (LogLevel[])[LogLevel.Warning, LogLevel.Information])
        {
            await using SessionApp app = await SessionApp.StartAsync(new AppSettings { Level = level });
            using HttpClient browser = SessionApp.NewBrowser();
            await app.RunAsync(browser, script);

            Assert.Equal(expected, app.Cache.TakeCalls());
        }
    }

    [Theory]
    [InlineData("", "RefreshAsync", "k=1")]
    [InlineData("read", "GetVersioned", "k=1")]
    [InlineData("read;read;show;id", "GetVersioned", "k=1")]
    [InlineData("load;read", "GetVersionedAsync", "k=1")]
    [InlineData("set:a=1", "GetVersioned TrySetAsync", "a=1,k=1")]
    [InlineData("set:k=1", "GetVersioned TrySetAsync", "k=1")]
    [InlineData("load;set:a=1", "GetVersionedAsync TrySetAsync", "a=1,k=1")]
    [InlineData("remove:k", "GetVersioned TrySetAsync", "")]
    [InlineData("clear", "GetVersioned SetAsync", "")]
    [InlineData("remove:missing", "GetVersioned", "k=1")]
    [InlineData("commit", "RefreshAsync", "k=1")]
    [InlineData("set:a=1;commit", "GetVersioned TrySetAsync", "a=1,k=1")]
    [InlineData("set:a=1;commit;set:b=2;commit", "GetVersioned TrySetAsync TrySetAsync", "a=1,b=2,k=1")]
    [InlineData("clear;commit;set:b=2", "GetVersioned SetAsync GetVersionedAsync TrySetAsync", "b=2")]
    [InlineData("load;other;other;other", "GetVersionedAsync GetAsync GetAsync GetAsync", "k=1")]
    public async Task With_a_session(string script, string expected, string then)
    {
        foreach (LogLevel level in (LogLevel[])[LogLevel.Warning, LogLevel.Information])
        {
            await using SessionApp app = await SessionApp.StartAsync(new AppSettings { Level = level });
            using HttpClient browser = SessionApp.NewBrowser();
            await app.RunAsync(browser, "set:k=1");
            app.Cache.TakeCalls();
            await app.RunAsync(browser, script);

            Assert.Equal(expected, app.Cache.TakeCalls());
            Assert.Equal(then, await app.RunAsync(browser, "show"));
        }
    }

    [Theory]
    [InlineData("", "RefreshAsync", "")]
    [InlineData("read", "GetVersioned", "")]
    [InlineData("load", "GetVersionedAsync", "")]
    [InlineData("set:a=1", "GetVersioned TrySetAsync", "a=1")]
    public async Task With_an_expired_session(string script, string expected, string then)
    {
        foreach (LogLevel level in (LogLevel[])[LogLevel.Warning, LogLevel.Information])
        {
            var settings = new AppSettings { Level = level };
            await using SessionApp app = await SessionApp.StartAsync(settings);
            using HttpClient browser = SessionApp.NewBrowser();
            await app.RunAsync(browser, "set:k=1");
            settings.Clock.Advance(settings.IdleTimeout);
            app.Cache.TakeCalls();
            await app.RunAsync(browser, script);

            Assert.Equal(expected, app.Cache.TakeCalls());
            Assert.Equal(then, await app.RunAsync(browser, "show"));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("read")]
    public async Task With_a_cookie_that_cannot_be_decrypted(string script)
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings());
        var cookies = new CookieContainer();
        cookies.Add(app.Address, new Cookie(".AspNetCore.Session", "CfDJ8AAAA"));
        using HttpClient browser = SessionApp.NewBrowser(cookies);
        await app.RunAsync(browser, script);

        Assert.Equal("", app.Cache.TakeCalls());
        Assert.Equal((script.Length > 0 ? 1 : 0, 1), (app.Counters.Get(SessionCounter.SkippedLoads), app.Counters.Get(SessionCounter.SkippedRefreshes)));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("read", "GetVersioned")]
    [InlineData("load;read", "GetVersionedAsync")]
    [InlineData("set:a=1", "GetVersioned TrySetAsync")]
    public async Task Without_a_session_when_new_ones_are_loaded(string script, string expected)
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings { Configure = static options => options.LoadNewSessions = true });
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, script);

        Assert.Equal(expected, app.Cache.TakeCalls());
    }

    [Theory]
    [InlineData(CascadeSessionWrites.LastWriteWins, "read", "Get")]
    [InlineData(CascadeSessionWrites.LastWriteWins, "load;set:a=1", "GetAsync SetAsync")]
    [InlineData(CascadeSessionWrites.LastWriteWins, "clear", "Get SetAsync")]
    [InlineData(CascadeSessionWrites.Detect, "read", "GetVersioned")]
    [InlineData(CascadeSessionWrites.Detect, "load;set:a=1", "GetVersionedAsync TrySetAsync")]
    [InlineData(CascadeSessionWrites.Detect, "set:a=1;commit;set:b=2", "GetVersioned TrySetAsync TrySetAsync")]
    [InlineData(CascadeSessionWrites.Detect, "clear", "Get SetAsync")]
    public async Task In_the_other_modes(CascadeSessionWrites writes, string script, string expected)
    {
        foreach (LogLevel level in (LogLevel[])[LogLevel.Warning, LogLevel.Information])
        {
            await using SessionApp app = await SessionApp.StartAsync(new AppSettings { Level = level, Configure = options => options.Writes = writes });
            using HttpClient browser = SessionApp.NewBrowser();
            await app.RunAsync(browser, "set:k=1");
            app.Cache.TakeCalls();
            await app.RunAsync(browser, script);

            Assert.Equal(writes == CascadeSessionWrites.Detect ? expected.Replace("Get ", "GetVersioned ", StringComparison.Ordinal) : expected, app.Cache.TakeCalls());
        }
    }

    [Fact]
    public async Task The_cookie_is_the_stock_one_and_issued_once()
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings());
        using HttpClient browser = SessionApp.NewBrowser();
        using HttpResponseMessage read = await app.SendAsync(browser, "read");
        using HttpResponseMessage first = await app.SendAsync(browser, "set:a=1");
        using HttpResponseMessage second = await app.SendAsync(browser, "set:b=1");

        Assert.Equal((false, true, false), (read.Headers.Contains("Set-Cookie"), first.Headers.Contains("Set-Cookie"), second.Headers.Contains("Set-Cookie")));
        Assert.StartsWith(".AspNetCore.Session=", Assert.Single(first.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_with_a_cookie_of_its_own_stays_alive_by_untouched_requests()
    {
        var settings = new AppSettings
        {
            Pipeline = static app => app.UseSession(new SessionOptions { Cookie = { Name = "other" }, IdleTimeout = TimeSpan.FromMinutes(1) }),
        };
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:k=1");
        for (int i = 0; i < 6; i++)
        {
            settings.Clock.Advance(TimeSpan.FromSeconds(40));
            await app.RunAsync(browser, "");
        }

        Assert.Equal("k=1", await app.RunAsync(browser, "show"));
    }
}
