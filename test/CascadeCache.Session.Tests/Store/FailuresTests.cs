using CascadeCache.Session.Tests.Store.Fakes;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Tests.Store;

/// <summary>A cache that fails: what the application sees, what is stored, and what is not tried again.</summary>
public sealed class FailuresTests
{
    private const string StockCategory = "Microsoft.AspNetCore.Session.DistributedSession";

    [Fact]
    public async Task A_session_that_cannot_be_loaded_is_not_available_and_not_overwritten()
    {
        var settings = new AppSettings();
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await SeedAsync(app, browser);
        app.Cache.Before = static call => call == "GetVersioned" ? throw new CascadeUnavailableException("Out of order.") : default;
        Assert.Equal("(unavailable)", await app.RunAsync(browser, "set:a=1;clear;show"));
        Assert.Equal("GetVersioned RefreshAsync", app.Cache.TakeCalls());
        Assert.Contains(app.Logs.Entries, static entry => entry is (StockCategory, 6, LogLevel.Error, _));

        app.Cache.Before = null;
        Assert.Equal("k=1", await app.RunAsync(browser, "show"));
    }

    [Fact]
    public async Task After_a_failed_LoadAsync_a_read_does_not_block_once_more_and_another_LoadAsync_tries_again()
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings());
        using HttpClient browser = SessionApp.NewBrowser();
        await SeedAsync(app, browser);
        app.Cache.Before = static call => call == "GetVersionedAsync" ? throw new CascadeUnavailableException("Out of order.") : default;
        Assert.Equal("CascadeUnavailableException (unavailable)", await app.RunAsync(browser, "tryload;show"));
        Assert.Equal("GetVersionedAsync RefreshAsync", app.Cache.TakeCalls());

        int loads = 0;
        app.Cache.Before = call => call == "GetVersionedAsync" && loads++ == 0 ? throw new CascadeUnavailableException("Out of order.") : default;
        Assert.Equal("CascadeUnavailableException ok k=1", await app.RunAsync(browser, "tryload;tryload;show;set:a=1"));
        Assert.Equal("GetVersionedAsync GetVersionedAsync TrySetAsync", app.Cache.TakeCalls());
    }

    [Fact]
    public async Task A_load_that_the_application_called_off_has_not_failed()
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings());
        using HttpClient browser = SessionApp.NewBrowser();
        await SeedAsync(app, browser);

        Assert.Equal("OperationCanceledException k=1", await app.RunAsync(browser, "cancelledload;show"));
    }

    [Fact]
    public async Task A_load_that_takes_too_long_is_not_awaited_twice()
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings { IOTimeout = TimeSpan.FromMilliseconds(1) });
        using HttpClient browser = SessionApp.NewBrowser();
        await SeedAsync(app, browser);
        app.Cache.Before = static call => call.StartsWith("Get", StringComparison.Ordinal) ? throw new OperationCanceledException("The time-out of the session.") : default;

        Assert.Equal("OperationCanceledException (unavailable)", await app.RunAsync(browser, "tryload;show"));
    }

    [Fact]
    public async Task What_the_stock_session_cannot_read_is_not_available_and_not_read_twice()
    {
        var settings = new AppSettings();
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await SeedAsync(app, browser);
        string key = Assert.Single(settings.Store.Keys);
        settings.Store.Write(key, settings.Store.Peek(key)![..27], null, settings.IdleTimeout);

        Assert.Equal("EndOfStreamException EndOfStreamException (unavailable)", await app.RunAsync(browser, "tryload;tryload;show"));
        Assert.Equal("GetVersionedAsync GetVersionedAsync RefreshAsync", app.Cache.TakeCalls());
    }

    [Fact]
    public async Task A_refused_write_is_tried_again_at_the_end_of_the_request()
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings());
        using HttpClient browser = SessionApp.NewBrowser();
        await SeedAsync(app, browser);
        int writes = 0;
        app.Cache.Before = call => call == "TrySetAsync" && writes++ == 0 ? throw new CascadeUnavailableException("Out of order.") : default;

        Assert.Equal("CascadeUnavailableException", await app.RunAsync(browser, "load;set:a=1;trycommit"));
        Assert.Equal("a=1,k=1", await app.RunAsync(browser, "show"));
    }

    [Theory]
    [InlineData("load;set:a=1;trycommit;remove:a;set:b=1", "b=1,k=1")]
    [InlineData("load;set:a=1;trycommit;set:a=2", "a=2,k=1")]
    [InlineData("load;set:a=1;trycommit", "a=1,k=1")]
    [InlineData("load;remove:k;trycommit;set:k=1;set:b=1", "b=1,k=1")]
    [InlineData("load;set:a=1;trycommit;remove:a;set:b=1;trycommit;set:c=1", "b=1,c=1,k=1")]
    public async Task A_write_without_an_answer_may_have_been_made_and_what_follows_it_counts(string script, string expected)
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings());
        using HttpClient browser = SessionApp.NewBrowser();
        await SeedAsync(app, browser);
        int writes = 0;
        app.Cache.After = call => call == "TrySetAsync" && writes++ < 1 ? throw new CascadeOutcomeUnknownException("No answer.") : default;

        string[] parts = (await app.RunAsync(browser, script)).Split(' ');
        Assert.Equal("CascadeOutcomeUnknownException", parts[0]);
        Assert.Equal(expected, await app.RunAsync(browser, "show"));
    }

    [Fact]
    public async Task A_write_that_was_not_made_leaves_anothers_alone()
    {
        var settings = new AppSettings();
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await SeedAsync(app, browser);
        int writes = 0;
        app.Cache.Before = call => call == "TrySetAsync" && writes++ == 0 ? throw new CascadeOutcomeUnknownException("No answer.") : default;
        Task<string> request = await app.RunToGateAsync(browser, "load;set:a=1;trycommit;gate:g;remove:a;set:b=1", "g");
        await app.RunAsync(browser, "set:a=5");
        settings.Gates.Open("g");
        await request;

        Assert.Equal("a=5,b=1,k=1", await app.RunAsync(browser, "show"));
    }

    [Fact]
    public async Task A_new_session_whose_first_write_had_no_answer_loses_nothing()
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings());
        using HttpClient browser = SessionApp.NewBrowser();
        int writes = 0;
        app.Cache.After = call => call == "TrySetAsync" && writes++ == 0 ? throw new CascadeOutcomeUnknownException("No answer.") : default;
        Assert.Equal("CascadeOutcomeUnknownException", await app.RunAsync(browser, "set:a=1;set:b=1;trycommit;remove:a"));

        Assert.Equal("b=1", await app.RunAsync(browser, "show"));
    }

    [Fact]
    public async Task A_failed_Clear_stays_one()
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings());
        using HttpClient browser = SessionApp.NewBrowser();
        await SeedAsync(app, browser);
        int writes = 0;
        app.Cache.Before = call => call == "SetAsync" && writes++ == 0 ? throw new CascadeUnavailableException("Out of order.") : default;

        Assert.Equal("CascadeUnavailableException", await app.RunAsync(browser, "clear;trycommit;set:b=1"));
        Assert.Equal("GetVersioned SetAsync SetAsync", app.Cache.TakeCalls());
        Assert.Equal("b=1", await app.RunAsync(browser, "show"));
    }

    [Fact]
    public async Task Nothing_of_a_session_is_in_the_log_but_what_the_stock_session_logs()
    {
        var settings = new AppSettings { Level = LogLevel.Trace, Configure = static options => options.MaxWriteAttempts = 1 };
        await using SessionApp app = await SessionApp.StartAsync(settings);
        using HttpClient browser = SessionApp.NewBrowser();
        await SeedAsync(app, browser);
        Task<string> request = await app.RunToGateAsync(browser, "load;gate:g;set:secretname=secretvalue", "g");
        await app.RunAsync(browser, "set:b=1");
        settings.Gates.Open("g");
        await request;

        Assert.Equal([103], app.Logs.OwnIds);
        Assert.DoesNotContain(app.Logs.Entries, static entry => entry.Category.StartsWith("CascadeCache", StringComparison.Ordinal) && entry.Text.Contains("secret", StringComparison.Ordinal));
        Assert.DoesNotContain(
            app.Logs.Entries,
            entry => entry.Category.StartsWith("CascadeCache", StringComparison.Ordinal) && entry.Text.Contains(settings.Store.Keys[0], StringComparison.Ordinal));
    }

    private static async Task SeedAsync(SessionApp app, HttpClient browser)
    {
        await app.RunAsync(browser, "set:k=1");
        app.Cache.TakeCalls();
    }
}
