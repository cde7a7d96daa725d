using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>Which values go to memcached, where the limit comes from, and that a value beyond it never leaves an older copy readable.</summary>
public sealed class SizeRuleTests
{
    private const string Variable = "MaxMemcacheSessionSizeBytes";

    [Theory]
    [InlineData(null, null, 1_048_576)]
    [InlineData("", null, 1_048_576)]
    [InlineData("2000", null, 2000)]
    [InlineData(" 2000 ", null, 2000)]
    [InlineData("2000", 3000L, 3000)]
    [InlineData("0", 3000L, 3000)]
    [InlineData("0", null, long.MaxValue)]
    [InlineData("-1", null, long.MaxValue)]
    [InlineData("2000", 0L, long.MaxValue)]
    [InlineData("2000", -5L, long.MaxValue)]
    [InlineData("nonsense", 3000L, 3000)]
    public async Task The_option_wins_over_the_environment_and_that_over_the_default(string? variable, long? option, long limit)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync("-I", "2m");
        CascadeDistributedCache cache = await servers.NewCacheAsync(
            options =>
            {
                if (option is { } bytes)
                {
                    options.MaxMemcacheSessionSizeBytes = bytes;
                }
            },
            name => name == Variable ? variable : null);

        Assert.Equal(limit, cache.Parts.Services.Settings.MaxMemcacheBytes);
        long inside = Math.Min(limit, 1_000_000);
        await cache.SetAsync(CallStyle.Async, "key", new byte[inside]);
        await cache.GetAsync(CallStyle.Async, "key");
        Assert.Equal((1, 0), (cache.GetStatistics().MemcacheHits, cache.GetStatistics().Bypasses));
        if (limit < 1_000_000)
        {
            await cache.SetAsync(CallStyle.Async, "key", new byte[limit + 1]);
            Assert.Equal(limit + 1, (await cache.GetAsync(CallStyle.Async, "key"))!.Length);
            Assert.Equal((1, 1), (cache.GetStatistics().MemcacheHits, cache.GetStatistics().Bypasses));
        }
    }

    [Theory, InlineData("nonsense"), InlineData("1k"), InlineData("1.5"), InlineData("99999999999999999999")]
    public async Task Nonsense_in_the_environment_fails_at_the_start_and_says_what_it_is(string text)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync(null);

        var error = Assert.Throws<OptionsValidationException>(() => servers.NewCache(
            static options => options.Memcache.Servers.Add("127.0.0.1:1"), name => name == Variable ? text : null));

        string fault = Assert.Single(error.Failures);
        Assert.Contains(Variable, fault, StringComparison.Ordinal);
        Assert.Contains($"'{text}'", fault, StringComparison.Ordinal);
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_value_that_grows_beyond_the_limit_hides_its_smaller_copy_from_every_instance_and_comes_back_when_it_shrinks(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache one = await servers.NewCacheAsync(static options => options.MaxMemcacheSessionSizeBytes = 1000);
        CascadeDistributedCache two = await servers.NewCacheAsync(static options => options.MaxMemcacheSessionSizeBytes = 1000);

        await AssertGrowsAndShrinksAsync(style, one, two, small: 1000, large: 1001);
        Assert.Single(servers.Log.Of(1));
        Assert.Empty(servers.Log.Of(2));
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_value_that_the_server_cannot_hold_goes_to_Datastore_alone_whatever_our_own_limit(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync("-I", "128k", "-o", "slab_chunk_max=65536");
        CascadeDistributedCache one = await servers.NewCacheAsync(static options => options.MaxMemcacheSessionSizeBytes = 0);
        CascadeDistributedCache two = await servers.NewCacheAsync(static options => options.MaxMemcacheSessionSizeBytes = 0);
        const int Largest = (128 * 1024) - 63 - 58 - 5; // the item's own overhead, our header, the key

        await AssertGrowsAndShrinksAsync(style, one, two, Largest, Largest + 1);
        Assert.Equal(0, one.GetStatistics().BacklogAdded);
        LogBook.Line line = Assert.Single(servers.Log.Of(2));
        Assert.Contains(servers.Memcached.Host, line.Text, StringComparison.Ordinal);
        Assert.Empty(servers.Log.Of(1));
    }

    [Theory, InlineData(1000L, "1m", 1), InlineData(0L, "128k", 2)]
    public async Task The_log_tells_of_it_once_in_a_minute(long limit, string serverLimit, int id)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync("-I", serverLimit, "-o", "slab_chunk_max=65536");
        CascadeDistributedCache cache = await servers.NewCacheAsync(options => options.MaxMemcacheSessionSizeBytes = limit);
        for (int i = 0; i < 5; i++)
        {
            await cache.SetAsync(CallStyle.Async, "key", new byte[200_000]);
        }

        LogBook.Line line = Assert.Single(servers.Log.Of(id));
        Assert.Equal(LogLevel.Information, line.Level);
        Assert.Contains("200000", line.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(OutageFixture.Prefix + "key", line.Text, StringComparison.Ordinal);
        Assert.Equal(5, cache.GetStatistics().Bypasses);

        servers.Clock.Advance(TimeSpan.FromSeconds(61));
        await cache.SetAsync(CallStyle.Async, "key", new byte[200_000]);
        await cache.SetAsync(CallStyle.Async, "key", new byte[200_000]);
        Assert.Equal(2, servers.Log.Of(id).Count());
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task Memcached_alone_refuses_what_is_over_the_limit_and_keeps_what_it_had(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(static options =>
        {
            options.Backends = CascadeBackends.Memcache;
            options.MaxMemcacheSessionSizeBytes = 1000;
        });
        await cache.SetAsync(style, "key", new byte[1000]);

        var error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => cache.SetAsync(style, "key", new byte[1001]));
        Assert.Equal((1001, 1000), (error.Size, error.Limit));
        Assert.Equal(1000, (await cache.GetAsync(style, "key"))!.Length);
    }

    private static async Task AssertGrowsAndShrinksAsync(CallStyle style, CascadeDistributedCache one, CascadeDistributedCache two, int small, int large)
    {
        await one.SetAsync(style, "key", Entries.Bytes(small, 1));
        Assert.Equal(Entries.Bytes(small, 1), await two.GetAsync(style, "key"));
        Assert.Equal(1, two.GetStatistics().MemcacheHits);

        await one.SetAsync(style, "key", Entries.Bytes(large, 2));
        Assert.Equal(1, one.GetStatistics().Bypasses);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(Entries.Bytes(large, 2), await one.GetAsync(style, "key"));
            Assert.Equal(Entries.Bytes(large, 2), await two.GetAsync(style, "key"));
        }

        Assert.Equal((0, 1), (one.GetStatistics().MemcacheHits, two.GetStatistics().MemcacheHits));

        await two.SetAsync(style, "key", Entries.Bytes(small, 3));
        Assert.Equal(Entries.Bytes(small, 3), await one.GetAsync(style, "key"));
        Assert.Equal(Entries.Bytes(small, 3), await two.GetAsync(style, "key"));
        Assert.Equal((1, 2), (one.GetStatistics().MemcacheHits, two.GetStatistics().MemcacheHits));
    }
}
