using CascadeCache.Entries;
using CascadeCache.Tiers;
using Grpc.Core;
using Xunit;

namespace CascadeCache.Tests.Datastore;

public sealed class DatastoreTimeTests
{
    private static readonly TimeSpan Asked = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task The_delay_that_the_service_asks_for_is_heeded()
    {
        using var rig = new TierRig();
        rig.Script.Then(StatusCode.Unavailable, retryDelay: Asked).Then(TierRig.Missing(TierRig.Key));

        Task<DurableRead> read = rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()).AsTask();
        await rig.Time.TimerAsync(due => due == Asked);
        Assert.Single(rig.Script.Requests);
        rig.Time.Advance(Asked);

        Assert.Equal(3, (await read).Version);
        Assert.Equal(2, rig.Script.Requests.Count);
    }

    [Fact]
    public async Task A_delay_longer_than_the_time_that_is_left_is_not_waited_for()
    {
        using var rig = new TierRig();
        rig.Script.Then(StatusCode.Unavailable, retryDelay: TimeSpan.FromSeconds(60));

        // Nobody moves the time: it must end by itself.
        var error = await Assert.ThrowsAsync<CascadeUnavailableException>(async () => await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()));

        Assert.Contains("60 s", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Our_own_time_out_is_never_a_cancellation(bool isWrite)
    {
        using var rig = new TierRig(o => o.Resilience.Datastore.MaxRetryAttempts = isWrite ? 4 : 0);
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Script.Otherwise = async (_, token) =>
        {
            arrived.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            throw new InvalidOperationException();
        };

        Task call = isWrite
            ? rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call()).AsTask()
            : rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()).AsTask();
        await arrived.Task.WaitAsync(TestContext.Current.CancellationToken);
        rig.Time.Advance(rig.Options.Datastore.OperationTimeout);

        Exception? error = await Record.ExceptionAsync(() => call);
        Assert.IsType(isWrite ? typeof(CascadeOutcomeUnknownException) : typeof(CascadeUnavailableException), error);
        Assert.Single(rig.Script.Requests);
    }

    [Fact]
    public async Task A_time_out_before_anything_was_sent_leaves_a_write_certain()
    {
        using var rig = new TierRig(o => o.Resilience.Datastore.MaxRetryAttempts = 0);
        var connecting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Script.BeforeSending = async token =>
        {
            connecting.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
        };

        Task write = rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call()).AsTask();
        await connecting.Task.WaitAsync(TestContext.Current.CancellationToken);
        rig.Time.Advance(rig.Options.Datastore.OperationTimeout);

        await Assert.ThrowsAsync<CascadeUnavailableException>(() => write);
    }

    [Fact]
    public async Task The_total_time_out_ends_the_retries_and_tells_the_last_failure()
    {
        using var rig = new TierRig(o =>
        {
            o.Resilience.Datastore.RetryBaseDelay = TimeSpan.FromMinutes(5);
            o.Resilience.Datastore.RetryMaxDelay = TimeSpan.FromMinutes(5);
        });
        rig.Script.Then(StatusCode.Unavailable);

        Task write = rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call()).AsTask();
        await rig.Time.TimerAsync(due => due > TimeSpan.FromMinutes(1));
        rig.Time.Advance(rig.Options.Resilience.Datastore.TotalTimeout);

        var error = await Assert.ThrowsAsync<CascadeUnavailableException>(() => write);
        Assert.Contains("UNAVAILABLE", error.Message, StringComparison.Ordinal);
    }
}
