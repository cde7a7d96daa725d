using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Tests.Store.Fakes;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Tests.Store;

/// <summary>Two requests of one session on two instances, both of which have loaded it before either changes it: what is stored in the end, in each mode.</summary>
public sealed class ConcurrentWritesTests
{
    // seed, the first to commit, the second to commit, stored by the stock session, stored by a merge
    public static TheoryData<string, string, string, string, string> Pairs => new()
    {
        { "set:k=1", "set:a=1", "set:b=1", "b=1,k=1", "a=1,b=1,k=1" },
        { "set:k=1", "set:x=1", "set:x=2;set:y=1", "k=1,x=2,y=1", "k=1,x=2,y=1" },
        { "set:k=1", "set:x=1;set:y=1", "set:x=2", "k=1,x=2", "k=1,x=2,y=1" },
        { "set:k=1", "remove:k", "set:b=1", "b=1,k=1", "b=1" },
        { "set:k=1", "set:b=1", "remove:k", "", "b=1" },
        { "set:k=1;set:u=1", "clear", "set:b=1", "b=1,k=1,u=1", "b=1" },
        { "set:k=1", "set:b=1", "clear", "", "" },
        { "set:k=1", "set:b=1", "clear;set:login=1", "login=1", "login=1" },
        { "set:k=1", "set:b=1", "clear;set:k=1", "k=1", "k=1" },
        { "set:k=1", "set:k=2", "set:k=1", "k=1", "k=2" },
        { "set:k=1", "set:k=2", "remove:k", "", "" },
        { "set:k=1", "remove:k", "set:k=2", "k=2", "k=2" },
        { "set:k=1", "set:first=1", "set:first=1;remove:first;set:b=1", "b=1,k=1", "b=1,first=1,k=1" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Of_two_writers_as_the_mode_says(string seed, string first, string second, string stock, string merged)
    {
        foreach (LogLevel level in (LogLevel[])[LogLevel.Warning, LogLevel.Information])
        {
            Assert.Equal(merged, await RunPairAsync(CascadeSessionWrites.Merge, level, seed, first, second));
            Assert.Equal(stock, await RunPairAsync(CascadeSessionWrites.Detect, level, seed, first, second));
            Assert.Equal(stock, await RunPairAsync(CascadeSessionWrites.LastWriteWins, level, seed, first, second));
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_version_that_changes_with_every_read_changes_nothing(string seed, string first, string second, string stock, string merged)
    {
        Assert.Equal(merged, await RunPairAsync(CascadeSessionWrites.Merge, LogLevel.Information, seed, first, second, slidesChangeVersions: true));
        Assert.Equal(stock, await RunPairAsync(CascadeSessionWrites.Detect, LogLevel.Information, seed, first, second, slidesChangeVersions: true));
    }

    [Fact]
    public async Task A_conflict_costs_one_read_and_one_write()
    {
        await using Pair pair = await Pair.StartAsync(new AppSettings());
        await pair.RunAsync("set:k=1", "set:a=1", "set:b=1");

        Assert.Equal("GetVersionedAsync TrySetAsync", pair.First.Cache.TakeCalls());
        Assert.Equal("GetVersionedAsync TrySetAsync GetVersionedAsync TrySetAsync", pair.Second.Cache.TakeCalls());
        Assert.Equal((1, 1), (pair.Second.Counters.Get(SessionCounter.Conflicts), pair.Second.Counters.Get(SessionCounter.Merged)));
        Assert.Empty(pair.Second.Logs.OwnIds);
    }

    [Fact]
    public async Task An_overwritten_write_is_detected_and_an_extended_life_is_not_one()
    {
        var settings = new AppSettings { Configure = static options => options.Writes = CascadeSessionWrites.Detect };
        settings = settings with { Store = new FakeStore(settings.Clock) { SlidesChangeVersions = true } };
        await using Pair pair = await Pair.StartAsync(settings);
        await pair.RunAsync("set:k=1", "advance:00:01:00", "set:b=1");
        Assert.Equal((0, 1), (pair.Second.Counters.Get(SessionCounter.Overwritten), pair.Second.Counters.Get(SessionCounter.Retried)));
        Assert.Empty(pair.Second.Logs.OwnIds);

        await pair.RunAsync("set:k=1", "set:a=1", "set:b=2");
        Assert.Equal(1, pair.Second.Counters.Get(SessionCounter.Overwritten));
        Assert.Equal([101], pair.Second.Logs.OwnIds);
    }

    [Fact]
    public async Task An_evicted_session_is_written_whole()
    {
        var settings = new AppSettings();
        await using Pair pair = await Pair.StartAsync(settings);
        await pair.Second.RunAsync(pair.Browser, "set:k=1");
        Task<string> request = await pair.Second.RunToGateAsync(pair.Browser, "load;gate:g;set:a=1", "g");
        settings.Store.Remove(Assert.Single(settings.Store.Keys));
        settings.Gates.Open("g");
        await request;

        Assert.Equal("a=1,k=1", await pair.First.RunAsync(pair.Browser, "show"));
    }

    [Fact]
    public async Task Two_requests_that_create_an_expired_session_anew_both_survive_under_the_first_ones_id()
    {
        var settings = new AppSettings();
        await using Pair pair = await Pair.StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");
        settings.Clock.Advance(settings.IdleTimeout);
        (string first, string second) = await pair.RunAsync("", "id;set:a=1", "id;set:b=1;commit;set:c=1");

        Assert.NotEqual(first, second);
        Assert.Equal($"{first} a=1,b=1,c=1", await pair.First.RunAsync(pair.Browser, "id;show"));
        Assert.DoesNotContain(102, pair.Second.Logs.OwnIds);
    }

    [Fact]
    public async Task What_is_in_an_unknown_format_is_overwritten_by_the_last_writer()
    {
        var settings = new AppSettings();
        await using Pair pair = await Pair.StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");
        string key = Assert.Single(settings.Store.Keys);
        settings.Store.Write(key, [7, .. settings.Store.Peek(key)!.AsSpan(1)], null, settings.IdleTimeout);
        await pair.RunAsync("", "set:a=1", "set:b=1");

        Assert.Equal("b=1", await pair.First.RunAsync(pair.Browser, "show"));
        Assert.Equal([102], pair.Second.Logs.OwnIds);
        Assert.Equal(1, pair.Second.Counters.Get(SessionCounter.NotMergeable));
    }

    [Fact]
    public async Task Two_commits_of_one_request_around_anothers_keep_all_and_read_once()
    {
        foreach (LogLevel level in (LogLevel[])[LogLevel.Warning, LogLevel.Information])
        {
            var settings = new AppSettings { Level = level };
            await using Pair pair = await Pair.StartAsync(settings);
            await pair.First.RunAsync(pair.Browser, "set:k=1");
            Task<string> request = await pair.Second.RunToGateAsync(pair.Browser, "load;gate:before;set:first=1;commit;set:second=1", "before");
            await pair.First.RunAsync(pair.Browser, "set:other=1");
            settings.Gates.Open("before");
            await request;

            Assert.Equal("GetVersionedAsync TrySetAsync GetVersionedAsync TrySetAsync TrySetAsync", pair.Second.Cache.TakeCalls());
            Assert.Equal("first=1,k=1,other=1,second=1", await pair.First.RunAsync(pair.Browser, "show"));
        }
    }

    [Theory]
    [InlineData("load;set:first=1;commit;gate:g;set:second=1", "first=1,k=1,other=1,second=1")]
    [InlineData("load;set:first=1;commit;gate:g;remove:first", "k=1,other=1")]
    [InlineData("load;set:first=1;commit;gate:g;clear;set:second=1", "second=1")]
    [InlineData("load;clear;set:first=1;commit;gate:g;set:second=1", "first=1,other=1,second=1")]
    public async Task Another_may_write_between_two_commits_of_one_request(string script, string expected)
    {
        var settings = new AppSettings { Level = LogLevel.Information };
        await using Pair pair = await Pair.StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");
        Task<string> request = await pair.Second.RunToGateAsync(pair.Browser, script, "g");
        await pair.First.RunAsync(pair.Browser, "set:other=1");
        settings.Gates.Open("g");
        await request;

        Assert.Equal(expected, await pair.First.RunAsync(pair.Browser, "show"));
    }

    [Fact]
    public async Task Of_twenty_parallel_writers_all_survive()
    {
        await using Pair pair = await Pair.StartAsync(new AppSettings());
        string expected = await pair.WriteAtOnceAsync(20);

        Assert.Equal(expected, await pair.First.RunAsync(pair.Browser, "show"));
        Assert.True(pair.First.Counters.Get(SessionCounter.Merged) + pair.Second.Counters.Get(SessionCounter.Merged) >= 19, "not all met another");
    }

    [Fact]
    public async Task Of_twenty_parallel_writers_on_one_instance_all_survive_and_none_meets_another_twice()
    {
        const int Writers = 20;
        await using Pair pair = await Pair.StartAsync(new AppSettings());
        string expected = await pair.WriteAtOnceAsync(Writers, onFirstAlone: true);

        Assert.Equal(expected, await pair.First.RunAsync(pair.Browser, "show"));
        Assert.True(pair.First.Counters.Get(SessionCounter.Conflicts) < Writers, "some met others again and again");
    }

    [Fact]
    public async Task With_stock_sessions_the_same_test_loses_all_but_one()
    {
        var settings = new AppSettings { Configure = static options => options.Writes = CascadeSessionWrites.LastWriteWins };
        await using Pair pair = await Pair.StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");
        Task<string>[] requests = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => pair.First.RunToGateAsync(pair.Browser, $"load;gate:{i};set:w{i:00}=1", $"{i}")));
        Enumerable.Range(0, 20).Select(static i => $"{i}").ToList().ForEach(settings.Gates.Open);
        await Task.WhenAll(requests);

        Assert.Equal(2, (await pair.First.RunAsync(pair.Browser, "show")).Split(',').Length);
    }

    private static async Task<string> RunPairAsync(CascadeSessionWrites writes, LogLevel level, string seed, string first, string second, bool slidesChangeVersions = false)
    {
        var settings = new AppSettings { Level = level, Configure = options => options.Writes = writes };
        settings = settings with { Store = new FakeStore(settings.Clock) { SlidesChangeVersions = slidesChangeVersions } };
        await using Pair pair = await Pair.StartAsync(settings);
        await pair.RunAsync(seed, first, second);
        return await pair.First.RunAsync(pair.Browser, "show");
    }
}
