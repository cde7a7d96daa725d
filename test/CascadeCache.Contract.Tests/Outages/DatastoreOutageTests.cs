using CascadeCache.Emulators;
using Grpc.Core;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>Datastore fails: what memcached holds is served, and everything else is an exception that says so, never a missing value.</summary>
public sealed class DatastoreOutageTests
{
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task What_memcached_holds_is_served_and_the_rest_is_an_exception_until_Datastore_is_back(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync(style, "held", 1);
        Assert.Equal([1], await cache.GetAsync(style, "held"));

        await servers.Datastore.DisposeAsync();
        await AssertIsDownAsync(cache, style);

        await servers.StartDatastoreAsync();
        await servers.UntilAsync(async () => await Record.ExceptionAsync(() => cache.SetAsync(style, "held", 2)) is null);
        Assert.Equal([2], await cache.GetAsync(style, "held"));
        Assert.Null(await cache.GetAsync(style, "other"));
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task An_open_circuit_is_the_same_exception_as_the_failures_that_opened_it(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(options => options.Resilience.Datastore.BreakerMinimumThroughput = 2);
        await cache.SetAsync(style, "held", 1);
        servers.OnCall = static (_, _) => throw new DatastoreFaultException(StatusCode.Unavailable, "maintenance");

        for (int i = 0; i < 5; i++)
        {
            await AssertIsDownAsync(cache, style);
        }

        Assert.Equal("Open", StateOf(cache));
        servers.OnCall = null;
        servers.Clock.Advance(TimeSpan.FromMinutes(1));
        await cache.SetAsync(style, "other", 2);
        Assert.Equal([2], await cache.GetAsync(style, "other"));
        Assert.Equal("Closed", StateOf(cache));
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_write_that_failed_leaves_the_older_value_in_both_tiers_for_every_instance(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache one = await servers.NewCacheAsync();
        CascadeDistributedCache two = await servers.NewCacheAsync();
        await one.SetAsync(style, "key", 1);

        servers.OnCall = static (point, _) => point.Method == "Commit"
            ? throw new DatastoreFaultException(StatusCode.Unavailable, "maintenance")
            : ValueTask.CompletedTask;
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => one.SetAsync(style, "key", 2));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => one.RemoveAsync(style, "key"));

        servers.OnCall = static (_, _) => throw new DatastoreFaultException(StatusCode.Unavailable, "maintenance");
        Assert.Equal([1], await one.GetAsync(style, "key"));
        Assert.Equal([1], await two.GetAsync(style, "key"));
        Assert.Equal((1, 1), (one.GetStatistics().MemcacheHits, two.GetStatistics().MemcacheHits));

        servers.OnCall = null;
        await servers.Memcached.AskAsync("flush_all\r\n", "OK\r\n");
        Assert.Equal([1], await two.GetAsync(style, "key"));
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_Datastore_that_hangs_is_an_exception_within_its_time_and_not_a_cancellation(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(static options =>
        {
            options.Datastore.OperationTimeout = TimeSpan.FromMilliseconds(400);
            options.Resilience.Datastore.TotalTimeout = TimeSpan.FromSeconds(1);
        });
        servers.OnCall = static async (_, token) => await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);

        var error = await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.GetAsync(style, "key"));
        Assert.Contains(servers.Datastore.Host, error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_missing_permission_is_refused_at_once_and_names_the_role(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        int calls = 0;
        servers.OnCall = (_, _) =>
        {
            Interlocked.Increment(ref calls);
            throw new DatastoreFaultException(StatusCode.PermissionDenied, "Missing or insufficient permissions.");
        };

        foreach (Func<Task> call in (Func<Task>[])[() => cache.GetAsync(style, "key"), () => cache.SetAsync(style, "key", 1), () => cache.RemoveAsync(style, "key")])
        {
            var error = await Assert.ThrowsAsync<CascadeRejectedException>(call);
            Assert.Contains("roles/datastore.user", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(3, calls);
        Assert.Equal(0, cache.GetStatistics().Retries);
    }

    [Theory]
    [InlineData(CallStyle.Sync, StatusCode.Unavailable)]
    [InlineData(CallStyle.Sync, StatusCode.ResourceExhausted)]
    [InlineData(CallStyle.Async, StatusCode.Unavailable)]
    [InlineData(CallStyle.Async, StatusCode.ResourceExhausted)]
    public async Task A_passing_failure_is_tried_again_after_the_delay_that_the_service_asks_for(CallStyle style, StatusCode code)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        int left = 1;
        servers.OnCall = (_, _) => Interlocked.Decrement(ref left) >= 0
            ? throw new DatastoreFaultException(code, "later", TimeSpan.FromMilliseconds(20))
            : ValueTask.CompletedTask;

        await cache.SetAsync(style, "key", 1);
        Assert.Equal(1, cache.GetStatistics().Retries);

        Interlocked.Exchange(ref left, 1);
        Assert.Null(await cache.GetAsync(style, "other"));
        Assert.Equal(2, cache.GetStatistics().Retries);
        Assert.Equal([1], await cache.GetAsync(style, "key"));
    }

    private static async Task AssertIsDownAsync(CascadeDistributedCache cache, CallStyle style)
    {
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.GetAsync(style, "other"));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.SetAsync(style, "other", 1));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.SetAsync(style, "held", 9));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.RemoveAsync(style, "held"));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.RefreshAsync(style, "other"));
        Assert.Equal([1], await cache.GetAsync(style, "held"));
    }

    private static string StateOf(CascadeDistributedCache cache) => cache.GetStatistics().Tiers.Single(static tier => tier.Tier == "datastore").CircuitState;
}
