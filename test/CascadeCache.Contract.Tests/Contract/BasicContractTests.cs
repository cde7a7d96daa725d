using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Contract.Tests;

/// <summary>Get, set and remove, and what arguments may be.</summary>
public sealed class BasicContractTests(Servers servers)
{
    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_missing_key_is_null(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        Assert.Null(await cache.GetAsync("missing"));
        Assert.Null(await cache.GetAsync("missing"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task What_was_set_comes_back(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.GetAsync("key");
        await cache.SetAsync("key", [1, 2, 3]);

        Assert.Equal([1, 2, 3], await cache.GetAsync("key"));
        Assert.Equal([1, 2, 3], await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task The_second_set_wins(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", [1]);
        await cache.SetAsync("key", [2, 2]);

        Assert.Equal([2, 2], await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task What_was_removed_is_gone_and_can_be_set_again(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", [1]);
        await cache.RemoveAsync("key");
        Assert.Null(await cache.GetAsync("key"));
        await cache.SetAsync("key", [2]);

        Assert.Equal([2], await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Removing_and_refreshing_a_missing_key_is_no_error_and_creates_nothing(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.RemoveAsync("missing");
        await cache.RefreshAsync("missing");

        Assert.Null(await cache.GetAsync("missing"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Null_arguments_are_named(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);

        Assert.Equal("key", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.GetAsync(null!))).ParamName);
        Assert.Equal("key", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.RefreshAsync(null!))).ParamName);
        Assert.Equal("key", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.RemoveAsync(null!))).ParamName);
        Assert.Equal("key", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.SetAsync(null!, [1]))).ParamName);
        Assert.Equal("value", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.SetAsync("key", null!))).ParamName);
        Assert.Equal("options", Assert.Throws<ArgumentNullException>(() => cache.Cache.Set("key", [1], null!)).ParamName);
        Assert.Equal("options", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.Cache.SetAsync("key", [1], null!, TestContext.Current.CancellationToken))).ParamName);
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task What_the_caller_does_to_its_arrays_changes_nothing(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        byte[] mine = [1, 2, 3];
        await cache.SetAsync("key", mine);
        mine[0] = 9;
        byte[]? got = await cache.GetAsync("key");
        got![1] = 9;

        Assert.Equal([1, 2, 3], await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_cancelled_token_cancels_and_stores_nothing(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.Cache.SetAsync("key", [1], new DistributedCacheEntryOptions(), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.Cache.GetAsync("key", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.Cache.RefreshAsync("key", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.Cache.RemoveAsync("key", cancelled));
        Assert.Null(await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Many_first_sets_of_one_key_at_once_leave_one_of_their_values_for_everybody(Backend backend, CallStyle style)
    {
        string prefix = Guid.NewGuid().ToString("N");
        await using CacheUnderTest one = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        await using CacheUnderTest other = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        CacheUnderTest[] both = [one, other];

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => CacheUnderTest.OnThread(async () =>
        {
            await both[i % 2].SetAsync("key", [(byte)i]);
            return i;
        })));

        byte[]? value = await one.GetAsync("key");
        Assert.NotNull(value);
        Assert.Equal(value, await other.GetAsync("key"));
        Assert.Equal(value, await one.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Another_instance_sees_every_change_at_once(Backend backend, CallStyle style)
    {
        string prefix = Guid.NewGuid().ToString("N");
        await using CacheUnderTest one = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        await using CacheUnderTest other = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        for (byte i = 0; i < 20; i++)
        {
            await one.SetAsync("key", [i]);
            Assert.Equal([i], (await other.GetAsync("key"))!);
            await other.RemoveAsync("key");
            Assert.Null(await one.GetAsync("key"));
        }
    }
}
