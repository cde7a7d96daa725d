using System.Globalization;
using CascadeCache.TestKit.Processes;
using CascadeCache.TestKit.Readme;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Tests.Figures;

/// <summary>The README's tables of what a request costs are what is counted.</summary>
public sealed class FiguresTests(TestServers servers)
{
    private const int Requests = 1_000;

    private static readonly string[] Columns = ["stock session", "with the request layer", "with `AddCascadeSession`"];

    private static readonly (string Name, Func<FiguresApp, Task<Cost>> Measure)[] Kinds =
    [
        ("no cookie, session untouched", static app => AnonymousAsync(app, "/")),
        ("no cookie, session read", static app => AnonymousAsync(app, "/read")),
        ("no cookie, session written", static app => AnonymousAsync(app, "/write/a")),
        ("cookie, session untouched", static app => KnownAsync(app, "/")),
        ("cookie, session read", static app => KnownAsync(app, "/read")),
        ("cookie, session written", static app => KnownAsync(app, "/write/b")),
        ("expired, session untouched", static app => ExpiredAsync(app, "/")),
        ("expired, session read", static app => ExpiredAsync(app, "/read")),
        ("expired, session written", static app => ExpiredAsync(app, "/write/b")),
    ];

    [Theory]
    [InlineData("Warning")]
    [InlineData("Information")]
    public async Task The_table_of_requests_is_what_is_counted(string level)
    {
        var counted = new List<string>();
        await using FiguresApp stock = await FiguresApp.StartAsync(servers, Setup.Stock, Enum.Parse<LogLevel>(level));
        await using FiguresApp layer = await FiguresApp.StartAsync(servers, Setup.RequestLayer, Enum.Parse<LogLevel>(level));
        await using FiguresApp cascade = await FiguresApp.StartAsync(servers, Setup.CascadeSession, Enum.Parse<LogLevel>(level));
        foreach ((string name, Func<FiguresApp, Task<Cost>> measure) in Kinds)
        {
            counted.Add($"{name} | {await measure(stock)} | {await measure(layer)} | {await measure(cascade)}");
        }

        AssertTable($"request, logging at {level}", counted);
    }

    [Fact]
    public async Task The_figures_of_a_mixed_load_are_what_is_counted()
    {
        var counted = new List<string>();
        foreach ((Setup setup, string column) in Enum.GetValues<Setup>().Zip(Columns))
        {
            await using FiguresApp app = await FiguresApp.StartAsync(servers, setup);
            Cost cost = await app.CountAsync(() => MixedLoadAsync(app));

            // Where a slide is due, that of the stock session's read in the background and its refresh may each be first, at the cost of a round trip more or less.
            counted.Add(string.Create(CultureInfo.InvariantCulture, $"{column} | about {Math.Round(cost.RoundTrips / 100.0) * 100:N0} | {cost.Reads} | {cost.Writes}"));
        }

        AssertTable("1,000 requests of a mixed load", counted);
    }

    private static void AssertTable(string header, List<string> counted)
    {
        string rows = string.Join(Environment.NewLine, counted.Select(static row => $"| {row} |"));
        TestContext.Current.TestOutputHelper?.WriteLine(rows); // to be copied into the README when a figure has changed for a good reason

        Assert.Equal(string.Join(Environment.NewLine, ReadmeText.Table(header).Select(static row => $"| {string.Join(" | ", row)} |")), rows);
    }

    private static async Task<Cost> AnonymousAsync(FiguresApp app, string path)
    {
        using HttpClient browser = app.NewBrowser();
        return await app.CountAsync(() => app.RequestAsync(browser, path));
    }

    private static async Task<Cost> KnownAsync(FiguresApp app, string path)
    {
        using HttpClient browser = app.NewBrowser();
        await app.RequestAsync(browser, "/write/a");
        return await app.CountAsync(() => app.RequestAsync(browser, path));
    }

    private static async Task<Cost> ExpiredAsync(FiguresApp app, string path)
    {
        using HttpClient browser = app.NewBrowser();
        await app.RequestAsync(browser, "/write/a");
        app.Clock.Advance(TimeSpan.FromMinutes(40));
        return await app.CountAsync(() => app.RequestAsync(browser, path));
    }

    /// <summary>
    /// Twenty visitors with sessions, and of twenty requests three by visitors without one: ten reads, four untouched, three writes, and a robot that comes without a cookie, a page that looks into a session
    /// that is not there, and one that begins a session. A request each 1.2 s of the clock, so that a thousand take the 20 minutes of the idle time.
    /// </summary>
    private static async Task MixedLoadAsync(FiguresApp app)
    {
        HttpClient[] visitors = [.. Enumerable.Range(0, 20).Select(_ => app.NewBrowser())];
        for (int i = 0; i < Requests; i++)
        {
            app.Clock.Advance(TimeSpan.FromSeconds(1.2));
            int turn = i % 20;
            HttpClient visitor = visitors[(i + (i / 20)) % 20];
            string path = turn switch
            {
                0 or 7 or 14 => "/write/v",
                1 or 4 or 8 or 12 => "/",
                5 or 11 or 17 => "",
                _ => "/read",
            };
            if (path.Length > 0)
            {
                await app.RequestAsync(visitor, path);
                continue;
            }

            using HttpClient stranger = app.NewBrowser();
            await app.RequestAsync(stranger, turn switch { 5 => "/", 11 => "/read", _ => "/write/v" });
        }

        Array.ForEach(visitors, static visitor => visitor.Dispose());
    }
}
