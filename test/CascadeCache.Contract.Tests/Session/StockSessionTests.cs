using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Contract.Tests.Session;

/// <summary>
/// The stock session, unmodified, on our cache: the calls that it makes are those that it makes on any cache, and what it stores is seen by every instance. The rows
/// are those of the framework's own behaviour, with logging at Warning and at Information.
/// </summary>
public sealed class StockSessionTests(Servers servers)
{
    [Theory]
    [InlineData("/untouched", "RefreshAsync", "RefreshAsync")]
    [InlineData("/read", "Get RefreshAsync", "Get RefreshAsync")]
    [InlineData("/load", "GetAsync RefreshAsync", "GetAsync RefreshAsync")]
    [InlineData("/write/a", "Get SetAsync", "Get GetAsync SetAsync")]
    [InlineData("/loadwrite/a", "GetAsync SetAsync", "GetAsync GetAsync SetAsync")]
    [InlineData("/commit/a", "Get SetAsync RefreshAsync", "Get GetAsync SetAsync RefreshAsync")]
    [InlineData("/remove", "Get RefreshAsync", "Get RefreshAsync")]
    [InlineData("/clear", "Get RefreshAsync", "Get RefreshAsync")]
    public async Task Without_a_cookie_the_calls_are_the_stock_ones(string path, string atWarning, string atInformation)
    {
        foreach ((LogLevel level, string expected) in ((LogLevel, string)[])[(LogLevel.Warning, atWarning), (LogLevel.Information, atInformation)])
        {
            await using SessionHost host = await StartAsync(level: level);
            using HttpClient browser = SessionHost.NewBrowser();
            await CallAsync(host, browser, path, expected);
        }
    }

    [Theory]
    [InlineData("/untouched", "RefreshAsync", "RefreshAsync", "v")]
    [InlineData("/read", "Get RefreshAsync", "Get RefreshAsync", "v")]
    [InlineData("/load", "GetAsync RefreshAsync", "GetAsync RefreshAsync", "v")]
    [InlineData("/write/a", "Get SetAsync", "Get GetAsync SetAsync", "a")]
    [InlineData("/write/v", "Get SetAsync", "Get GetAsync SetAsync", "v")]
    [InlineData("/loadwrite/a", "GetAsync SetAsync", "GetAsync GetAsync SetAsync", "a")]
    [InlineData("/remove", "Get SetAsync", "Get GetAsync SetAsync", "(none)")]
    [InlineData("/clear", "Get SetAsync", "Get GetAsync SetAsync", "(none)")]
    [InlineData("/commit/a", "Get SetAsync RefreshAsync", "Get GetAsync SetAsync RefreshAsync", "a")]
    public async Task With_a_session_the_calls_are_the_stock_ones_and_the_result_is_there_in_the_next_request(
        string path, string atWarning, string atInformation, string then)
    {
        foreach ((LogLevel level, string expected) in ((LogLevel, string)[])[(LogLevel.Warning, atWarning), (LogLevel.Information, atInformation)])
        {
            await using SessionHost host = await StartAsync(level: level);
            using HttpClient browser = SessionHost.NewBrowser();
            await host.GetAsync(browser, "/commit/v");
            await TakeAfterCommitAsync(host, "RefreshAsync");

            await CallAsync(host, browser, path, expected);
            Assert.Equal(then, await host.GetAsync(browser, "/load"));
        }
    }

    [Fact]
    public async Task Two_instances_share_a_session()
    {
        var protector = new EphemeralDataProtectionProvider();
        string prefix = Guid.NewGuid().ToString("N");
        await using SessionHost one = await StartAsync(protector, prefix);
        await using SessionHost other = await StartAsync(protector, prefix);
        using HttpClient browser = SessionHost.NewBrowser();
        for (int i = 1; i <= 20; i++)
        {
            Assert.Equal($"{i}", await (i % 2 == 0 ? one : other).GetAsync(browser, "/count"));
        }
    }

    [Fact]
    public async Task Two_browsers_never_see_each_others_session()
    {
        await using SessionHost host = await StartAsync();
        HttpClient[] browsers = [.. Enumerable.Range(0, 20).Select(static _ => SessionHost.NewBrowser())];
        await Task.WhenAll(browsers.Select((browser, i) => host.GetAsync(browser, $"/commit/value-{i}")));
        string[] seen = await Task.WhenAll(browsers.Select(browser => host.GetAsync(browser, "/load")));

        Assert.Equal(Enumerable.Range(0, 20).Select(static i => $"value-{i}"), seen);
        Array.ForEach(browsers, static browser => browser.Dispose());
    }

    [Fact]
    public async Task A_session_that_is_only_kept_open_stays_alive_and_an_idle_one_ends()
    {
        await using SessionHost host = await StartAsync();
        using HttpClient browser = SessionHost.NewBrowser();
        await host.GetAsync(browser, "/commit/v");
        for (int i = 0; i < 5; i++)
        {
            host.Clock.Advance(TimeSpan.FromMinutes(19));
            await host.GetAsync(browser, "/untouched");
            await TakeAfterCommitAsync(host, "RefreshAsync");
        }

        Assert.Equal("v", await host.GetAsync(browser, "/load"));
        host.Clock.Advance(TimeSpan.FromMinutes(26));
        Assert.Equal("(none)", await host.GetAsync(browser, "/load"));
    }

    [Fact]
    public async Task Requests_that_only_read_cost_no_Datastore_operation()
    {
        await using SessionHost host = await StartAsync();
        using HttpClient browser = SessionHost.NewBrowser();
        await host.GetAsync(browser, "/commit/v");
        await host.GetAsync(browser, "/load");
        CascadeCacheStatistics before = host.Cache.GetStatistics();
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal("v", await host.GetAsync(browser, i % 2 == 0 ? "/load" : "/read"));
            await host.GetAsync(browser, "/untouched");
        }

        CascadeCacheStatistics after = host.Cache.GetStatistics();
        Assert.Equal((before.DatastoreReads, before.DatastoreWrites), (after.DatastoreReads, after.DatastoreWrites));
    }

    private static async Task CallAsync(SessionHost host, HttpClient browser, string path, string expected)
    {
        host.Calls.TakeCalls();
        await host.GetAsync(browser, path);
        await TakeAfterCommitAsync(host, expected.Split(' ')[^1], expected);
    }

    // The session commits after the response has been sent: the calls are complete when the last expected one is there.
    private static async Task TakeAfterCommitAsync(SessionHost host, string last, string? expected = null)
    {
        string calls = "";
        while (!calls.EndsWith(last, StringComparison.Ordinal))
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            calls = (calls + " " + host.Calls.TakeCalls()).Trim();
            await Task.Yield();
        }

        Assert.True(expected is null || calls == expected, $"expected '{expected}', got '{calls}'");
    }

    private Task<SessionHost> StartAsync(IDataProtectionProvider? protector = null, string? prefix = null, LogLevel level = LogLevel.Warning)
    {
        string memcached = servers.RealMemcachedAsync().Result;
        string datastore = servers.DatastoreAsync().Result;
        return SessionHost.StartAsync(
            options =>
            {
                options.KeyPrefix = prefix ?? Guid.NewGuid().ToString("N");
                options.Memcache.Servers.Add(memcached);
                options.Datastore.EmulatorHost = datastore;
                options.Datastore.ProjectId = "session";
            },
            protector,
            level);
    }
}
