using CascadeCache.Emulators;
using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Tests.Store;
using CascadeCache.Session.Tests.Store.Fakes;
using CascadeCache.TestKit.Processes;
using Grpc.Core;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Tests.RealTiers;

/// <summary>Two instances of an application on a real memcached and the Datastore emulator: what holds over a store in memory holds there too.</summary>
public sealed class RealTierTests(TestServers servers)
{
    private readonly string _prefix = Guid.NewGuid().ToString("N") + ".";

    [Theory]
    [MemberData(nameof(ConcurrentWritesTests.Pairs), MemberType = typeof(ConcurrentWritesTests))]
    public async Task Of_two_writers_as_the_mode_says(string seed, string first, string second, string stock, string merged)
    {
        foreach (LogLevel level in (LogLevel[])[LogLevel.Warning, LogLevel.Information])
        {
            Assert.Equal(merged, await RunPairAsync(CascadeSessionWrites.Merge, level, seed, first, second));
            Assert.Equal(stock, await RunPairAsync(CascadeSessionWrites.Detect, level, seed, first, second));
            Assert.Equal(stock, await RunPairAsync(CascadeSessionWrites.LastWriteWins, level, seed, first, second));
        }
    }

    [Fact]
    public async Task Of_twenty_parallel_writers_on_two_instances_all_survive()
    {
        await using Pair pair = await StartAsync(await SettingsAsync(CascadeBackends.Distributed));
        string expected = await pair.WriteAtOnceAsync(20);

        Assert.Equal(expected, await pair.First.RunAsync(pair.Browser, "show"));
        Assert.Equal(expected, await pair.Second.RunAsync(pair.Browser, "show"));
        Assert.Equal(0, pair.First.Counters.Get(SessionCounter.AttemptsExhausted) + pair.Second.Counters.Get(SessionCounter.AttemptsExhausted));
    }

    [Theory]
    [InlineData("Memcache")]
    [InlineData("Datastore")]
    [InlineData("Distributed")]
    public async Task Of_twenty_parallel_writers_on_one_instance_none_meets_another_twice(string backends)
    {
        const int Writers = 20;
        await using Pair pair = await StartAsync(await SettingsAsync(Enum.Parse<CascadeBackends>(backends)));
        string expected = await pair.WriteAtOnceAsync(Writers, onFirstAlone: true);

        // One that comes when nobody writes goes by what it has loaded, which another may have replaced before; from then on it has its turn.
        Assert.Equal(expected, await pair.Second.RunAsync(pair.Browser, "show"));
        Assert.True(pair.First.Counters.Get(SessionCounter.Conflicts) < Writers, "some met others again and again");
        Assert.Equal(Writers - 1, pair.First.Counters.Get(SessionCounter.Merged));
    }

    [Theory]
    [InlineData("Memcache")]
    [InlineData("Datastore")]
    public async Task One_tier_alone_merges_too(string backends)
    {
        AppSettings settings = await SettingsAsync(Enum.Parse<CascadeBackends>(backends));
        await using Pair pair = await StartAsync(settings);
        await pair.RunAsync("set:k=1", "set:a=1", "set:b=1");

        Assert.Equal("a=1,b=1,k=1", await pair.First.RunAsync(pair.Browser, "show"));
    }

    [Fact]
    public async Task Two_requests_that_create_an_expired_session_anew_both_survive()
    {
        AppSettings settings = await SettingsAsync(CascadeBackends.Distributed);
        await using Pair pair = await StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");
        settings.Clock.Advance(settings.IdleTimeout * 2);
        await pair.RunAsync("", "set:a=1", "set:b=1");

        Assert.Equal("a=1,b=1", await pair.First.RunAsync(pair.Browser, "show"));
    }

    [Fact]
    public async Task A_session_that_is_gone_when_it_is_stored_is_written_whole()
    {
        AppSettings settings = await SettingsAsync(CascadeBackends.Distributed);
        await using Pair pair = await StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");
        Task<string> request = await pair.Second.RunToGateAsync(pair.Browser, "load;gate:g;set:a=1", "g");
        await pair.First.RealCache.RemoveAsync(await KeyAsync(), TestContext.Current.CancellationToken);
        settings.Gates.Open("g");
        await request;

        Assert.Equal("a=1,k=1", await pair.First.RunAsync(pair.Browser, "show"));
    }

    [Fact]
    public async Task What_is_in_an_unknown_format_is_overwritten_by_the_last_writer()
    {
        AppSettings settings = await SettingsAsync(CascadeBackends.Distributed);
        await using Pair pair = await StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");
        string key = await KeyAsync();
        byte[] stored = (await pair.First.RealCache.GetAsync(key, TestContext.Current.CancellationToken))!;
        stored[0] = 7;
        await pair.First.RealCache.SetAsync(key, stored, new DistributedCacheEntryOptions { SlidingExpiration = settings.IdleTimeout }, TestContext.Current.CancellationToken);
        await pair.RunAsync("", "set:a=1", "set:b=1");

        Assert.Equal("b=1", await pair.First.RunAsync(pair.Browser, "show"));
    }

    [Fact]
    public async Task Two_commits_of_one_request_around_anothers_keep_all()
    {
        AppSettings settings = await SettingsAsync(CascadeBackends.Distributed);
        await using Pair pair = await StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");
        Task<string> request = await pair.Second.RunToGateAsync(pair.Browser, "load;set:first=1;commit;gate:g;set:second=1", "g");
        await pair.First.RunAsync(pair.Browser, "set:other=1");
        settings.Gates.Open("g");
        await request;

        Assert.Equal("first=1,k=1,other=1,second=1", await pair.First.RunAsync(pair.Browser, "show"));
    }

    [Fact]
    public async Task A_session_that_cannot_be_loaded_is_not_written_and_nothing_of_it_is_lost()
    {
        bool isDown = false;
        await using DatastoreEmulator datastore = await DatastoreEmulator.StartAsync(
            new DatastoreEmulatorOptions { OnCall = (_, _) => Volatile.Read(ref isDown) ? throw new DatastoreFaultException(StatusCode.Unavailable, "down") : ValueTask.CompletedTask },
            TestContext.Current.CancellationToken);
        AppSettings settings = await SettingsAsync(CascadeBackends.Datastore, options =>
        {
            options.Datastore.EmulatorHost = datastore.Host;

            // Nobody moves the clock while a call runs: a delay before a retry would never end.
            (options.Resilience.Datastore.RetryBaseDelay, options.Resilience.Datastore.RetryMaxDelay) = (TimeSpan.Zero, TimeSpan.Zero);
        });
        await using Pair pair = await StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");
        Volatile.Write(ref isDown, true);
        Assert.Equal("(unavailable)", await pair.Second.RunAsync(pair.Browser, "set:a=1;show"));
        Volatile.Write(ref isDown, false);

        Assert.Equal("k=1", await pair.First.RunAsync(pair.Browser, "show"));
    }

    [Fact]
    public async Task A_session_that_only_memcached_saw_expire_is_created_anew_at_once()
    {
        AppSettings settings = await SettingsAsync(CascadeBackends.Distributed);
        await using Pair pair = await StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");

        // Past the slack of memcached's copy, within that of Datastore's.
        settings.Clock.Advance(settings.IdleTimeout * 1.1);
        Assert.Equal("", await pair.First.RunAsync(pair.Browser, "show;set:a=1"));

        Assert.Equal("a=1", await pair.Second.RunAsync(pair.Browser, "show"));
        Assert.Equal(0, pair.First.Counters.Get(SessionCounter.Conflicts));
    }

    [Fact]
    public async Task A_session_that_memcached_may_not_hold_is_merged_too()
    {
        AppSettings settings = await SettingsAsync(CascadeBackends.Distributed, options => options.MaxMemcacheSessionSizeBytes = 10);
        await using Pair pair = await StartAsync(settings);
        await pair.RunAsync("set:k=12345678901234567890", "set:a=1", "set:b=1");

        Assert.Equal("a=1,b=1,k=12345678901234567890", await pair.First.RunAsync(pair.Browser, "show"));
        Assert.True(pair.First.RealCache.GetStatistics().Bypasses > 0);
    }

    [Fact]
    public async Task Of_requests_of_one_session_under_a_request_layer_none_is_lost()
    {
        AppSettings settings = await SettingsAsync(CascadeBackends.Distributed);
        Action<IServiceCollection> register = settings.RegisterCache!;
        await using Pair pair = await StartAsync(settings with
        {
            RegisterCache = services =>
            {
                register(services);
                services.AddCascadeRequestLayer();
            },
        });
        await pair.RunAsync("set:k=1", "set:a=1", "set:b=1;commit;set:c=1");

        Assert.Equal("a=1,b=1,c=1,k=1", await pair.First.RunAsync(pair.Browser, "show"));
    }

    private async Task<string> RunPairAsync(CascadeSessionWrites writes, LogLevel level, string seed, string first, string second)
    {
        AppSettings settings = await SettingsAsync(CascadeBackends.Distributed);
        await using Pair pair = await StartAsync(settings with { Level = level, Configure = options => options.Writes = writes });
        await pair.RunAsync(seed, first, second);
        return await pair.Second.RunAsync(pair.Browser, "show");
    }

    /// <summary>The key of the only session.</summary>
    private async Task<string> KeyAsync() => Assert.Single(await servers.KeysAsync(_prefix), static key => Guid.TryParse(key, out _));

    private async Task<AppSettings> SettingsAsync(CascadeBackends backends, Action<CascadeCacheOptions>? configure = null)
    {
        string memcached = await servers.RealMemcachedAsync();
        string datastore = await servers.DatastoreAsync();
        return new AppSettings
        {
            RegisterCache = services => services.AddCascadeDistributedCache(options =>
            {
                (options.Backends, options.KeyPrefix) = (backends, _prefix);
                options.Memcache.Servers.Add(memcached);
                (options.Datastore.EmulatorHost, options.Datastore.ProjectId) = (datastore, "sessions");
                configure?.Invoke(options);
            }),
        };
    }

    // A server that has just started is not filled before the locks that it may have lost have run out.
    private static async Task<Pair> StartAsync(AppSettings settings)
    {
        Pair pair = await Pair.StartAsync(settings);
        foreach (SessionApp app in (SessionApp[])[pair.First, pair.Second])
        {
            await app.RealCache.GetAsync("settle", TestContext.Current.CancellationToken);
        }

        settings.Clock.Advance(TimeSpan.FromMinutes(1));
        return pair;
    }
}
