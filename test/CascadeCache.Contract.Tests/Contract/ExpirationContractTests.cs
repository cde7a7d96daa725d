using Microsoft.Extensions.Caching.Distributed;
using static CascadeCache.Contract.Tests.Entries;

namespace CascadeCache.Contract.Tests;

/// <summary>Absolute, relative and sliding expiration, alone and together. Nothing expires early, and late only within the promised slack.</summary>
public sealed class ExpirationContractTests(Servers servers)
{
    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task An_absolute_expiration_is_exact_to_the_millisecond(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("date", [1], At(cache.Now + S(100)));
        await cache.SetAsync("span", [2], Within(S(100)));

        cache.Clock.Advance(S(100) - TimeSpan.FromMilliseconds(2));
        Assert.NotNull(await cache.GetAsync("date"));
        Assert.NotNull(await cache.GetAsync("span"));
        cache.Clock.Advance(TimeSpan.FromMilliseconds(3));
        Assert.Null(await cache.GetAsync("date"));
        Assert.Null(await cache.GetAsync("span"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task An_expiration_in_the_past_is_refused_and_named(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);

        ArgumentOutOfRangeException error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => cache.SetAsync("key", [1], At(cache.Now - S(1))));

        Assert.Equal("options", error.ParamName);
        Assert.Null(await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_fraction_of_a_second_lives_that_long(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("absolute", [1], Within(S(0.9)));
        await cache.SetAsync("sliding", [2], Sliding(S(0.9)));

        cache.Clock.Advance(S(0.85));
        Assert.NotNull(await cache.GetAsync("absolute"));
        Assert.NotNull(await cache.GetAsync("sliding"));
        cache.Clock.Advance(S(1.2));
        Assert.Null(await cache.GetAsync("absolute"));
        Assert.Null(await cache.GetAsync("sliding"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Windows_of_months_and_years_are_kept(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("thousand days", [1], Within(TimeSpan.FromDays(1000)));
        await cache.SetAsync("for ever", [2], Within(TimeSpan.MaxValue));
        await cache.SetAsync("sliding", [3], Sliding(TimeSpan.FromDays(400)));

        cache.Clock.Advance(TimeSpan.FromDays(399));

        Assert.NotNull(await cache.GetAsync("thousand days"));
        Assert.NotNull(await cache.GetAsync("for ever"));
        Assert.NotNull(await cache.GetAsync("sliding"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_sliding_entry_expires_without_access(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", [1], Sliding(S(100)));

        cache.Clock.Advance(S(99));
        await using CacheUnderTest other = await CacheUnderTest.StartAsync(servers, backend, style);
        Assert.Null(await other.GetAsync("key"));
        cache.Clock.Advance(S(27));

        Assert.Null(await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Reading_slides_and_so_does_refreshing(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("read", [1], Sliding(S(100)));
        await cache.SetAsync("refreshed", [2], Sliding(S(100)));
        for (int i = 0; i < 6; i++)
        {
            cache.Clock.Advance(S(70));
            Assert.NotNull(await cache.GetAsync("read"));
            await cache.RefreshAsync("refreshed");
        }

        cache.Clock.Advance(S(99));
        Assert.NotNull(await cache.GetAsync("refreshed"));
        cache.Clock.Advance(S(126));
        Assert.Null(await cache.GetAsync("read"));
        Assert.Null(await cache.GetAsync("refreshed"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Nothing_slides_beyond_the_absolute_expiration(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("long", [1], new DistributedCacheEntryOptions { SlidingExpiration = S(100), AbsoluteExpiration = cache.Now + S(250) });
        await cache.SetAsync("short", [2], new DistributedCacheEntryOptions { SlidingExpiration = S(100), AbsoluteExpirationRelativeToNow = S(50) });

        cache.Clock.Advance(S(49.9));
        Assert.NotNull(await cache.GetAsync("short"));
        cache.Clock.Advance(S(0.2));
        Assert.Null(await cache.GetAsync("short"));
        Assert.NotNull(await cache.GetAsync("long"));
        for (int i = 0; i < 2; i++)
        {
            cache.Clock.Advance(S(90));
            Assert.NotNull(await cache.GetAsync("long"));
        }

        cache.Clock.Advance(S(20));
        Assert.Null(await cache.GetAsync("long"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_relative_expiration_wins_over_a_date(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", [1], new DistributedCacheEntryOptions { AbsoluteExpiration = cache.Now + S(10), AbsoluteExpirationRelativeToNow = S(100) });

        cache.Clock.Advance(S(99));
        Assert.NotNull(await cache.GetAsync("key"));
        cache.Clock.Advance(S(2));
        Assert.Null(await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Without_any_expiration_the_default_window_counts(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style, options => options.DefaultSlidingExpiration = S(50));
        await cache.SetAsync("key", [1]);

        cache.Clock.Advance(S(49));
        Assert.NotNull(await cache.GetAsync("key"));
        cache.Clock.Advance(S(64));
        Assert.Null(await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Overwriting_replaces_all_that_was_said_about_expiration(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("longer", [1], Within(S(10)));
        await cache.SetAsync("longer", [2], Within(S(1000)));
        await cache.SetAsync("shorter", [1], Within(S(1000)));
        await cache.SetAsync("shorter", [2], Within(S(10)));
        await cache.SetAsync("default", [1], Within(S(10)));
        await cache.SetAsync("default", [2]);

        cache.Clock.Advance(S(11));

        Assert.Equal([2], await cache.GetAsync("longer"));
        Assert.Null(await cache.GetAsync("shorter"));
        Assert.Equal([2], await cache.GetAsync("default"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Reading_and_refreshing_an_absolute_entry_writes_nothing(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", [1], Within(S(1000)));
        long writes = cache.Cache.GetStatistics().DatastoreWrites;
        for (int i = 0; i < 5; i++)
        {
            cache.Clock.Advance(S(100));
            await cache.GetAsync("key");
            await cache.RefreshAsync("key");
        }

        Assert.Equal(writes, cache.Cache.GetStatistics().DatastoreWrites);
        cache.Clock.Advance(S(501));
        Assert.Null(await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.Durable), MemberType = typeof(Combinations))]
    public async Task A_sliding_entry_in_use_costs_one_small_write_per_quarter_of_its_window(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", [1], Sliding(S(400)));
        for (int i = 0; i < 400; i++)
        {
            cache.Clock.Advance(S(4));
            Assert.NotNull(await cache.GetAsync("key"));
        }

        // 1,600 s are 16 quarters of the window.
        Assert.InRange(cache.Cache.GetStatistics().DatastoreSlides, 12, 16);
    }

    [Theory, MemberData(nameof(Combinations.Both), MemberType = typeof(Combinations))]
    public async Task A_copy_that_one_tier_still_holds_is_gone_for_every_reader_when_it_has_expired(Backend backend, CallStyle style)
    {
        string prefix = Guid.NewGuid().ToString("N");
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        await cache.SetAsync("key", [1], Sliding(S(100)));

        // Past memcache's slack of a sixteenth, within Datastore's of a quarter.
        cache.Clock.Advance(S(107));

        Assert.Null(await cache.GetAsync("key"));
        await using CacheUnderTest other = await CacheUnderTest.StartAsync(servers, backend, style, clock: cache.Clock, prefix: prefix);
        Assert.Null(await other.GetAsync("key"));
    }
}
