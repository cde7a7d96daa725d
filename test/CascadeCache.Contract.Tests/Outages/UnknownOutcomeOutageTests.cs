using CascadeCache.Emulators;
using Grpc.Core;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>A commit of which nobody knows whether it took effect: it is told as such, and no reader ever goes back in time.</summary>
public sealed class UnknownOutcomeOutageTests
{
    [Theory, InlineData(CallStyle.Sync, false), InlineData(CallStyle.Async, false), InlineData(CallStyle.Sync, true), InlineData(CallStyle.Async, true)]
    public async Task A_commit_whose_answer_was_lost_is_seen_by_every_instance(CallStyle style, bool answerIsError)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache one = await servers.NewCacheAsync(Hurry);
        CascadeDistributedCache two = await servers.NewCacheAsync(Hurry);
        await one.SetAsync(style, "key", 1);
        Assert.Equal([1], await two.GetAsync(style, "key"));

        servers.OnCall = async (point, token) =>
        {
            if (point is { Method: "Commit", Phase: DatastoreFaultPhase.After })
            {
                await (answerIsError
                    ? throw new DatastoreFaultException(StatusCode.Internal, "lost")
                    : Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token));
            }
        };
        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => one.SetAsync(style, "key", 2));

        servers.OnCall = null;
        await AssertAllReadAsync(style, 2, one, two);
        await two.SetAsync(style, "key", 3);
        await AssertAllReadAsync(style, 3, one, two);
        await one.RemoveAsync(style, "key");
        Assert.Null(await one.GetAsync(style, "key"));
        Assert.Null(await two.GetAsync(style, "key"));
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_commit_that_takes_effect_after_its_time_out_is_not_hidden_by_an_older_copy(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache one = await servers.NewCacheAsync(Hurry);
        CascadeDistributedCache two = await servers.NewCacheAsync(Hurry);
        await one.SetAsync(style, "key", 1);
        long written = servers.Datastore.Statistics.EntitiesWritten;
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        servers.OnCall = async (point, _) =>
        {
            if (point is { Method: "Commit", Phase: DatastoreFaultPhase.Before })
            {
                await release.Task; // whatever the client does meanwhile
            }
        };
        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => one.SetAsync(style, "key", 2));

        // Every one of these reads could have put the older value into memcached.
        await AssertAllReadAsync(style, 1, one, two);
        release.SetResult();
        await servers.UntilAsync(() => Task.FromResult(servers.Datastore.Statistics.EntitiesWritten > written));
        await AssertAllReadAsync(style, 2, one, two);

        servers.OnCall = null;
        await two.SetAsync(style, "key", 3);
        await AssertAllReadAsync(style, 3, one, two);
    }

    [Fact]
    public async Task A_caller_that_gives_up_leaves_an_outcome_that_later_reads_agree_on()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache one = await servers.NewCacheAsync();
        CascadeDistributedCache two = await servers.NewCacheAsync();
        await one.SetAsync(CallStyle.Async, "key", 1);
        using var caller = new CancellationTokenSource();
        servers.OnCall = async (point, token) =>
        {
            if (point is { Method: "Commit", Phase: DatastoreFaultPhase.After })
            {
                await caller.CancelAsync();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one.SetAsync("key", [2], new(), caller.Token));

        servers.OnCall = null;
        await AssertAllReadAsync(CallStyle.Async, 2, one, two);
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task Without_memcached_an_unknown_outcome_is_told_too_and_the_older_copy_is_never_read_again(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(options =>
        {
            Hurry(options);
            options.Memcache.OperationTimeout = TimeSpan.FromMilliseconds(200);
        });
        await cache.SetAsync(style, "key", 1);
        servers.Memcached.Pause();
        servers.OnCall = static (point, _) => point is { Method: "Commit", Phase: DatastoreFaultPhase.After }
            ? throw new DatastoreFaultException(StatusCode.Internal, "lost")
            : ValueTask.CompletedTask;
        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => cache.SetAsync(style, "key", 2));

        servers.OnCall = null;
        servers.Memcached.Resume();
        await servers.UntilAsync(async () =>
        {
            Assert.Equal([2], await cache.GetAsync(style, "key"));
            return cache.GetStatistics().MemcacheLocked > 0;
        });
    }

    private static void Hurry(CascadeCacheOptions options)
    {
        options.Datastore.OperationTimeout = TimeSpan.FromSeconds(1);
        options.Resilience.Datastore.TotalTimeout = TimeSpan.FromSeconds(2);
    }

    private static async Task AssertAllReadAsync(CallStyle style, byte value, params CascadeDistributedCache[] caches)
    {
        foreach (CascadeDistributedCache cache in (CascadeDistributedCache[])[.. caches, .. caches])
        {
            Assert.Equal((byte[])[value], await cache.GetAsync(style, "key"));
        }
    }
}
