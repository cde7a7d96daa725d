using CascadeCache.Datastore.Protocol;
using static CascadeCache.Contract.Tests.Entries;

namespace CascadeCache.Contract.Tests.LargeValues;

/// <summary>Chunks live as long as their value, never shorter, and none is left over that is known of.</summary>
public sealed class LifeOfChunksTests(Servers servers)
{
    [Theory]
    [InlineData(5_000_000, 2_000_000)]
    [InlineData(5_000_000, 10)]
    [InlineData(2_000_000, 0)]
    [InlineData(2_000_000, 5_000_000)]
    public async Task Through_both_tiers_nothing_is_left_of_what_was_replaced(int before, int after)
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        await using CacheUnderTest cache = await StartAsync(lab, Backend.EmulatedMemcachedAndDatastore);
        await cache.SetAsync("key", Bytes(before));

        await cache.SetAsync("key", Bytes(after, 9));

        Assert.Equal(Bytes(after, 9), await cache.GetAsync("key"));
        Entity?[] entities = await lab.PeekAsync();
        Assert.Equal(lab.Layout.EntitiesFor(after), entities.Count(static entity => entity is not null));
        await cache.RemoveAsync("key");
        Assert.All(await lab.PeekAsync(), Assert.Null);
        Assert.Null(await cache.GetAsync("key"));
    }

    [Fact]
    public async Task Every_entity_is_counted_and_a_value_in_one_costs_what_it_always_did_in_memcached_or_not()
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        await using CacheUnderTest cache = await StartAsync(lab, Backend.EmulatedMemcachedAndDatastore, static options => options.MaxMemcacheSessionSizeBytes = 100);

        Assert.Equal((0, 1, 0), await CostAsync(cache, () => cache.SetAsync("key", Bytes(2000))));
        Assert.Equal((0, 1, 0), await CostAsync(cache, () => cache.SetAsync("key", Bytes(3000))));
        Assert.Equal((1, 0, 0), await CostAsync(cache, () => cache.GetAsync("key")));
        Assert.Equal((0, 3, 0), await CostAsync(cache, () => cache.SetAsync("key", Bytes(3_000_000))));
        Assert.Equal((3, 0, 0), await CostAsync(cache, () => cache.GetAsync("key")));
        Assert.Equal((1, 2, 1), await CostAsync(cache, () => cache.SetAsync("key", Bytes(2_000_000))));
        Assert.Equal((1, 0, 2), await CostAsync(cache, () => cache.RemoveAsync("key")));
        Assert.Equal((0, 0, 1), await CostAsync(cache, () => cache.RemoveAsync("key")));
    }

    [Fact]
    public async Task Where_nobody_knows_of_them_chunks_stay_and_expire_with_their_value()
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        await using CacheUnderTest cache = await StartAsync(lab, Backend.DatastoreOnly);
        await cache.SetAsync("key", Bytes(3_000_000), Within(S(100)));
        await cache.SetAsync("key", Bytes(10), Within(S(1000)));

        Entity?[] entities = await lab.PeekAsync();

        Assert.Equal(3, entities.Count(static entity => entity is not null));
        Assert.All(entities[1..3], entity => Assert.Equal((cache.Now + S(100)).ToUnixTimeSeconds(), entity!.Properties["ExpiresAt"].TimestampValue.Seconds, 1d));
        Assert.Equal(Bytes(10), await cache.GetAsync("key"));
        await cache.RemoveAsync("key");
        Assert.Null(await cache.GetAsync("key"));
        await cache.SetAsync("key", Bytes(2_000_000, 5));
        Assert.Equal(Bytes(2_000_000, 5), await cache.GetAsync("key"));
    }

    [Theory]
    [InlineData(Backend.DatastoreOnly)]
    [InlineData(Backend.EmulatedMemcachedAndDatastore)]
    public async Task Sliding_moves_the_expiry_of_all_entities_together(Backend backend)
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        await using CacheUnderTest cache = await StartAsync(lab, backend);
        await cache.SetAsync("key", Bytes(3_000_000), Sliding(S(100)));
        for (int i = 0; i < 5; i++)
        {
            cache.Clock.Advance(S(60));
            Assert.Equal(Bytes(3_000_000), await cache.GetAsync("key"));
            Entity?[] entities = await lab.PeekAsync();
            long expiry = Assert.Single(entities[..3].Select(static entity => entity!.Properties["ExpiresAt"].TimestampValue).Distinct()).Seconds;
            Assert.InRange(expiry - cache.Now.ToUnixTimeSeconds(), 60, 125);
        }

        Assert.True(cache.Cache.GetStatistics().DatastoreSlides >= 9, "three entities, three times at least");
        cache.Clock.Advance(S(200));
        Assert.Null(await cache.GetAsync("key"));
    }

    [Fact]
    public async Task Of_an_expired_value_chunks_may_be_missing_and_of_a_living_one_none()
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        await using CacheUnderTest cache = await StartAsync(lab, Backend.DatastoreOnly);
        await cache.SetAsync("key", Bytes(3_000_000), Within(S(100)));
        await lab.DeleteAsync(2);

        await Assert.ThrowsAsync<CascadeRejectedException>(() => cache.GetAsync("key"));
        cache.Clock.Advance(S(101));
        Assert.Null(await cache.GetAsync("key"));

        VersionedValue expired = await cache.GetVersionedAsync("key");
        Assert.NotNull(await cache.TrySetAsync("key", Bytes(3_000_000, 2), expired.Version));
        Assert.Equal(Bytes(3_000_000, 2), await cache.GetAsync("key"));
    }

    [Theory]
    [InlineData(Backend.DatastoreOnly)]
    [InlineData(Backend.EmulatedMemcachedAndDatastore)]
    public async Task Large_values_are_set_and_removed_by_version(Backend backend)
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        await using CacheUnderTest cache = await StartAsync(lab, backend);
        CacheVersion first = (await cache.TrySetAsync("key", Bytes(3_000_000, 1), CacheVersion.Absent))!.Value;
        CacheVersion second = (await cache.TrySetAsync("key", Bytes(2_000_000, 2), first))!.Value;

        Assert.Null(await cache.TrySetAsync("key", Bytes(3_000_000, 3), first));
        Assert.Null(await cache.TrySetAsync("key", Bytes(3_000_000, 4), CacheVersion.Absent));
        Assert.False(await cache.TryRemoveAsync("key", first));

        VersionedValue found = await cache.GetVersionedAsync("key");
        Assert.Equal(second, found.Version);
        Assert.Equal(Bytes(2_000_000, 2), await cache.GetAsync("key"));
        Assert.True(await cache.TryRemoveAsync("key", second));
        Assert.Null(await cache.GetAsync("key"));
    }

    [Fact]
    public async Task A_key_that_is_hashed_and_a_name_that_leaves_no_room_have_large_values_too()
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        await using CacheUnderTest cache = await StartAsync(lab, Backend.DatastoreOnly);
        foreach (string key in (string[])["\uD800", new string('x', 1498), new string('x', 2000)])
        {
            byte[] largest = Bytes((int)lab.Codec.LayoutFor(lab.KeyOf(key)).MaxValueBytes, key.Length);
            await cache.SetAsync(key, largest);
            Assert.Equal(largest, await cache.GetAsync(key));
        }
    }

    private async Task<CacheUnderTest> StartAsync(ChunkLab lab, Backend backend, Action<CascadeCacheOptions>? configure = null)
    {
        lab.Prefix = Guid.NewGuid().ToString("N") + ".";
        return await CacheUnderTest.StartAsync(servers, backend, CallStyle.Async, options =>
        {
            (options.Datastore.EmulatorHost, options.Datastore.ProjectId) = (lab.Emulator.Host, "large");
            configure?.Invoke(options);
        }, prefix: lab.Prefix);
    }

    private static async Task<(long Reads, long Writes, long Deletes)> CostAsync(CacheUnderTest cache, Func<Task> call)
    {
        CascadeCacheStatistics before = cache.Cache.GetStatistics();
        await call();
        CascadeCacheStatistics after = cache.Cache.GetStatistics();
        return (after.DatastoreReads - before.DatastoreReads, after.DatastoreWrites - before.DatastoreWrites, after.DatastoreDeletes - before.DatastoreDeletes);
    }
}
