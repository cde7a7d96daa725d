using CascadeCache.Emulators;
using Grpc.Net.Client;
using Microsoft.Extensions.Caching.Distributed;
using Wire = CascadeCache.Emulators.Datastore.Protocol;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>What the Go package of the same design got wrong about the life of a session, one test for each fault.</summary>
public sealed class GoPackageExpiryBugsTests
{
    // There a value's time began anew when it was copied from tier to tier.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_copy_in_another_tier_expires_when_the_value_does(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync("key", [1], new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(30) }, OutageFixture.Token);

        servers.Clock.Advance(TimeSpan.FromMinutes(20));
        await servers.Memcached.AskAsync($"md {OutageFixture.Prefix}key\r\n", "\r\n");
        Assert.Equal([1], await cache.GetAsync(style, "key"));
        Assert.Equal([1], await cache.GetAsync(style, "key"));
        Assert.Equal(1, cache.GetStatistics().MemcacheHits);

        servers.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Null(await cache.GetAsync(style, "key"));
    }

    // There a stored session had no time of its end that Datastore could act on, so that nothing ever removed the old ones.
    [Fact]
    public async Task An_entity_says_when_it_expires_in_a_form_that_a_policy_can_act_on()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        DateTimeOffset end = DateTimeOffset.FromUnixTimeMilliseconds(servers.Clock.GetUtcNow().AddMinutes(30).ToUnixTimeMilliseconds());
        await cache.SetAsync("key", [1], new DistributedCacheEntryOptions { AbsoluteExpiration = end }, OutageFixture.Token);

        Wire.Entity entity = Assert.Single(await LookUpAsync(servers));
        Wire.Value expiresAt = entity.Properties["ExpiresAt"];
        Assert.Equal(Wire.Value.ValueTypeOneofCase.TimestampValue, expiresAt.ValueTypeCase);
        Assert.Equal(end.ToUnixTimeMilliseconds(), expiresAt.TimestampValue.ToDateTimeOffset().ToUnixTimeMilliseconds());
        Assert.All(entity.Properties.Values, static value => Assert.True(value.ExcludeFromIndexes));
    }

    // There a cookie of a session that had been removed made it anew under its old id.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_key_that_was_removed_is_not_made_anew_by_reading_or_refreshing_it(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache one = await servers.NewCacheAsync();
        CascadeDistributedCache two = await servers.NewCacheAsync();
        await one.SetAsync("key", [1], Sliding, OutageFixture.Token);
        Assert.Equal([1], await two.GetAsync(style, "key"));
        servers.Clock.Advance(TimeSpan.FromMinutes(10));
        await one.RemoveAsync(style, "key");

        foreach (CascadeDistributedCache cache in (CascadeDistributedCache[])[two, one, two])
        {
            await cache.RefreshAsync(style, "key");
            Assert.Null(await cache.GetAsync(style, "key"));
        }

        Assert.Empty(await LookUpAsync(servers));
    }

    // The same fault in its narrowest form: the refresh was already under way when the key was removed.
    [Fact]
    public async Task A_refresh_that_is_overtaken_by_a_removal_does_not_bring_the_key_back()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache one = await servers.NewCacheAsync();
        CascadeDistributedCache two = await servers.NewCacheAsync();
        await one.SetAsync("key", [1], Sliding, OutageFixture.Token);
        servers.Clock.Advance(TimeSpan.FromMinutes(10));
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        servers.OnCall = async (point, _) =>
        {
            if (point is { Method: "Commit", Phase: DatastoreFaultPhase.Before } && arrived.TrySetResult())
            {
                await release.Task;
            }
        };

        Task refresh = one.RefreshAsync(CallStyle.Async, "key");
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, OutageFixture.Token);
        await two.RemoveAsync(CallStyle.Async, "key");
        release.SetResult();
        await refresh;

        Assert.Null(await one.GetAsync(CallStyle.Async, "key"));
        Assert.Null(await two.GetAsync(CallStyle.Async, "key"));
        Assert.Empty(await LookUpAsync(servers));
    }

    private static DistributedCacheEntryOptions Sliding => new() { SlidingExpiration = TimeSpan.FromMinutes(20) };

    private static async Task<List<Wire.Entity>> LookUpAsync(OutageFixture servers)
    {
        using GrpcChannel channel = GrpcChannel.ForAddress("http://" + servers.Datastore.Host);
        var request = new Wire.LookupRequest { ProjectId = "outage" };
        var key = new Wire.Key { PartitionId = new Wire.PartitionId { ProjectId = "outage" } };
        key.Path.Add(new Wire.Key.Types.PathElement { Kind = "Session", Name = OutageFixture.Prefix + "key" });
        request.Keys.Add(key);
        Wire.LookupResponse response = await new Wire.Datastore.DatastoreClient(channel).LookupAsync(request, cancellationToken: OutageFixture.Token);
        return [.. response.Found.Select(static found => found.Entity)];
    }
}
