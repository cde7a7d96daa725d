using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Tests.Store.Fakes;

namespace CascadeCache.Session.Tests.Store;

/// <summary>When the refresh at the end of a request is left out. Both mistakes matter: one costs a call per request, the other ends sessions that are in use.</summary>
public sealed class RefreshTests
{
    [Theory]
    [InlineData("load", "00:00:29", "GetVersionedAsync")]
    [InlineData("load", "00:00:30", "GetVersionedAsync RefreshAsync")]
    [InlineData("set:a=1;commit", "00:00:29", "GetVersioned TrySetAsync")]
    [InlineData("set:a=1;commit", "00:00:30", "GetVersioned TrySetAsync RefreshAsync")]
    [InlineData("commit", "00:00:29", "RefreshAsync")]
    [InlineData("commit", "00:00:30", "RefreshAsync RefreshAsync")]
    public async Task It_is_left_out_for_the_time_of_the_threshold(string before, string wait, string expected) =>
        Assert.Equal(expected, await CallsAsync(new AppSettings(), $"{before};advance:{wait}"));

    [Theory]
    [InlineData("00:00:02.9", "GetVersionedAsync")]
    [InlineData("00:00:03", "GetVersionedAsync RefreshAsync")]
    public async Task It_is_left_out_for_five_percent_of_a_short_idle_time(string wait, string expected) =>
        Assert.Equal(expected, await CallsAsync(new AppSettings { IdleTimeout = TimeSpan.FromMinutes(1) }, $"load;advance:{wait}"));

    [Theory]
    [InlineData("load", "GetVersionedAsync RefreshAsync")]
    [InlineData("set:a=1;commit", "GetVersioned TrySetAsync RefreshAsync")]
    [InlineData("", "RefreshAsync")]
    public async Task It_is_never_left_out_without_a_threshold(string script, string expected) =>
        Assert.Equal(expected, await CallsAsync(new AppSettings { Configure = static options => options.RefreshThreshold = TimeSpan.Zero }, script));

    [Fact]
    public async Task A_new_session_has_nothing_to_refresh_however_long_its_request()
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings());
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "advance:01:00:00");
        await app.RunAsync(browser, "load;advance:01:00:00");

        Assert.Equal("", app.Cache.TakeCalls());
        Assert.Equal((1, 2), (app.Counters.Get(SessionCounter.SkippedLoads), app.Counters.Get(SessionCounter.SkippedRefreshes)));
    }

    [Fact]
    public async Task A_new_session_that_was_stored_early_in_a_long_request_is_refreshed()
    {
        var settings = new AppSettings();
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:a=1;commit;advance:00:19:00");
        Assert.Equal("TrySetAsync RefreshAsync", app.Cache.TakeCalls());

        settings.Clock.Advance(TimeSpan.FromMinutes(19));
        Assert.Equal("a=1", await app.RunAsync(browser, "show"));
    }

    [Fact]
    public async Task A_session_lives_as_long_as_it_is_used_whatever_the_requests_do()
    {
        var settings = new AppSettings { IdleTimeout = TimeSpan.FromSeconds(10) };
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:k=1");

        // Each request ends at the last moment, and each way to end one has to extend the life by all but the threshold.
        foreach (string script in (string[])["", "read", "load", "read;advance:00:00:05", "load;advance:00:00:08", "commit;advance:00:00:08", "", "read"])
        {
            settings.Clock.Advance(TimeSpan.FromSeconds(9.4));
            await app.RunAsync(browser, script);
        }

        Assert.Equal("k=1", await app.RunAsync(browser, "show"));
    }

    private static async Task<string> CallsAsync(AppSettings settings, string script)
    {
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:k=1");
        app.Cache.TakeCalls();
        await app.RunAsync(browser, script);
        return app.Cache.TakeCalls();
    }
}
