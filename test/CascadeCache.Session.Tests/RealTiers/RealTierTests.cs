using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Tests.Store;
using CascadeCache.Session.Tests.Store.Fakes;
using CascadeCache.TestKit.Processes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Tests.RealTiers;

/// <summary>Two instances of an application on a real memcached and the Datastore emulator: what holds over a store in memory holds there too.</summary>
public sealed class RealTierTests(TestServers servers)
{
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
        AppSettings settings = await SettingsAsync(CascadeBackends.Distributed);
        await using Pair pair = await StartAsync(settings);
        await pair.First.RunAsync(pair.Browser, "set:k=1");
        Task<string>[] requests = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            (i % 2 == 0 ? pair.First : pair.Second).RunToGateAsync(pair.Browser, $"load;gate:{i};gate:all;set:w{i:00}=1", $"{i}")));
        Enumerable.Range(0, 20).Select(static i => $"{i}").ToList().ForEach(settings.Gates.Open);
        settings.Gates.Open("all");
        await Task.WhenAll(requests);

        string expected = string.Join(',', Enumerable.Range(0, 20).Select(static i => $"w{i:00}=1").Prepend("k=1"));
        Assert.Equal(expected, await pair.First.RunAsync(pair.Browser, "show"));
        Assert.Equal(expected, await pair.Second.RunAsync(pair.Browser, "show"));
        Assert.Equal(0, pair.First.Counters.Get(SessionCounter.AttemptsExhausted) + pair.Second.Counters.Get(SessionCounter.AttemptsExhausted));
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

    private async Task<AppSettings> SettingsAsync(CascadeBackends backends, Action<CascadeCacheOptions>? configure = null)
    {
        string prefix = Guid.NewGuid().ToString("N") + ".";
        string memcached = await servers.RealMemcachedAsync();
        string datastore = await servers.DatastoreAsync();
        return new AppSettings
        {
            RegisterCache = services => services.AddCascadeDistributedCache(options =>
            {
                (options.Backends, options.KeyPrefix) = (backends, prefix);
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
