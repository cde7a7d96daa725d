using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Contract.Tests;

/// <summary>Optimistic concurrency, in every combination of tiers.</summary>
public sealed class VersionedContractTests(Servers servers)
{
    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_missing_key_has_no_value_and_the_version_of_absence(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);

        Assert.Equal(new VersionedValue(null, CacheVersion.Absent), await cache.GetVersionedAsync("missing"));
        Assert.Equal(new VersionedValue(null, CacheVersion.Absent), await cache.GetVersionedAsync("missing"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_version_stands_until_the_next_write_and_the_new_one_is_returned(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", [1]);
        VersionedValue read = await cache.GetVersionedAsync("key");

        CacheVersion? second = await cache.TrySetAsync("key", [2], read.Version);
        CacheVersion? late = await cache.TrySetAsync("key", [3], read.Version);
        CacheVersion? third = await cache.TrySetAsync("key", [4], second!.Value);

        Assert.Equal([1], read.Value!);
        Assert.Null(late);
        Assert.NotNull(third);
        VersionedValue now = await cache.GetVersionedAsync("key");
        Assert.Equal([4], now.Value!);
        Assert.Equal(third, now.Version);
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_plain_write_and_a_removal_end_a_version(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", [1]);
        CacheVersion first = (await cache.GetVersionedAsync("key")).Version;
        await cache.SetAsync("key", [9]);
        Assert.Null(await cache.TrySetAsync("key", [2], first));
        CacheVersion second = (await cache.GetVersionedAsync("key")).Version;
        await cache.RemoveAsync("key");

        Assert.Null(await cache.TrySetAsync("key", [3], second));
        Assert.Null(await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task An_entry_is_created_once(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);

        CacheVersion? created = await cache.TrySetAsync("key", [1], CacheVersion.Absent);
        CacheVersion? again = await cache.TrySetAsync("key", [2], CacheVersion.Absent);

        Assert.NotNull(created);
        Assert.Null(again);
        Assert.Equal([1], (await cache.GetAsync("key"))!);
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task An_expired_or_removed_entry_can_be_created_again(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("expired", [1], Entries.Within(Entries.S(1)));
        await cache.SetAsync("removed", [1]);
        await cache.RemoveAsync("removed");
        cache.Clock.Advance(Entries.S(2));

        Assert.NotNull(await cache.TrySetAsync("expired", [2], CacheVersion.Absent));
        Assert.NotNull(await cache.TrySetAsync("removed", [2], CacheVersion.Absent));
        Assert.Equal([2], (await cache.GetAsync("expired"))!);
        Assert.Equal([2], (await cache.GetAsync("removed"))!);
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_removal_needs_the_version_that_stands(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        Assert.True(await cache.TryRemoveAsync("key", CacheVersion.Absent));
        CacheVersion first = (await cache.TrySetAsync("key", [1], CacheVersion.Absent))!.Value;
        Assert.False(await cache.TryRemoveAsync("key", CacheVersion.Absent));
        CacheVersion second = (await cache.TrySetAsync("key", [2], first))!.Value;

        Assert.False(await cache.TryRemoveAsync("key", first));
        Assert.Equal([2], (await cache.GetAsync("key"))!);
        Assert.True(await cache.TryRemoveAsync("key", second));
        Assert.Null(await cache.GetAsync("key"));
        Assert.False(await cache.TryRemoveAsync("key", second));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Twenty_increments_by_two_instances_at_once_lose_none(Backend backend, CallStyle style)
    {
        string prefix = Guid.NewGuid().ToString("N");
        await using CacheUnderTest one = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        await using CacheUnderTest other = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        CacheUnderTest[] both = [one, other];

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => CacheUnderTest.OnThread(() => IncrementAsync(both[i % 2]))));

        Assert.Equal([20], (await one.GetAsync("key"))!);
        Assert.Equal([20], (await other.GetAsync("key"))!);
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Twenty_creators_at_once_create_one_entry(Backend backend, CallStyle style)
    {
        string prefix = Guid.NewGuid().ToString("N");
        await using CacheUnderTest one = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        await using CacheUnderTest other = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        CacheUnderTest[] both = [one, other];

        CacheVersion?[] made = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => CacheUnderTest.OnThread(() => both[i % 2].TrySetAsync("key", [(byte)i], CacheVersion.Absent))));

        int winner = Array.FindIndex(made, static version => version is not null);
        Assert.Single(made, static version => version is not null);
        Assert.Equal([(byte)winner], (await other.GetAsync("key"))!);
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task The_new_expiration_replaces_the_old_one(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", [1], Entries.Within(Entries.S(10)));
        await cache.TrySetAsync("key", [2], (await cache.GetVersionedAsync("key")).Version, Entries.Within(Entries.S(100)));
        cache.Clock.Advance(Entries.S(50));

        Assert.Equal([2], (await cache.GetAsync("key"))!);
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Arguments_are_checked_and_arrays_are_the_callers(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        byte[] mine = [1, 2];
        await cache.TrySetAsync("key", mine, CacheVersion.Absent);
        mine[0] = 9;
        VersionedValue read = await cache.GetVersionedAsync("key");
        read.Value![1] = 9;

        Assert.Equal([1, 2], (await cache.GetVersionedAsync("key")).Value!);
        Assert.Equal("key", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.GetVersionedAsync(null!))).ParamName);
        Assert.Equal("key", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.TryRemoveAsync(null!, read.Version))).ParamName);
        Assert.Equal("key", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.TrySetAsync(null!, [1], read.Version))).ParamName);
        Assert.Equal("value", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.TrySetAsync("key", null!, read.Version))).ParamName);
        Assert.Equal("options", Assert.Throws<ArgumentNullException>(() => cache.Cache.TrySet("key", [1], read.Version, null!)).ParamName);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => cache.TrySetAsync("key", [1], read.Version, Entries.At(cache.Now)));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_cancelled_token_cancels_and_stores_nothing(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cache.Cache.GetVersionedAsync("key", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cache.Cache.TrySetAsync("key", [1], CacheVersion.Absent, new DistributedCacheEntryOptions(), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cache.Cache.TryRemoveAsync("key", CacheVersion.Absent, cancelled));
        Assert.Null(await cache.GetAsync("key"));
    }

    private static async Task<int> IncrementAsync(CacheUnderTest cache)
    {
        while (true)
        {
            VersionedValue read = await cache.GetVersionedAsync("key");
            byte next = (byte)((read.Value?[0] ?? 0) + 1);
            if (await cache.TrySetAsync("key", [next], read.Version) is not null)
            {
                return next;
            }
        }
    }
}
