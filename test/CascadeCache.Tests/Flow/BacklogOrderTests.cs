using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.Tests.Flow;

/// <summary>Which write of a key the backlog goes by, and which servers it keeps unread.</summary>
public sealed class BacklogOrderTests : IAsyncDisposable
{
    private readonly FlowFixture _world = new();
    private readonly FlowProcess _a;
    private readonly FlowProcess _b;

    public BacklogOrderTests()
    {
        _a = _world.Start();
        _b = _world.Start();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Of_several_writes_of_a_key_the_newest_one_counts()
    {
        _a.Tier.Cut();
        await _a.SetAsync("v1");
        await _b.SetAsync("v2");
        await _a.SetAsync("v3");

        _a.Tier.Heal();
        await _a.Background.WhenIdleAsync();

        Assert.Equal("v3", await _b.GetAsync());
        Assert.Equal((2, 1), (_a.Count(Counter.BacklogAdded), _a.Count(Counter.BacklogDrained)));
        Assert.Equal((1, 1), (_a.Log.Count(5), _a.Log.Count(6)));
    }

    [Fact]
    public async Task An_unknown_outcome_stays_newer_than_a_write_that_came_after_it()
    {
        await _a.SetAsync("v1");
        _a.Tier.Cut();
        _world.Durable.Script.Next(Commands.Commit, DurableFate.UnknownLate);
        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => _a.SetAsync("late"));
        await _a.SetAsync("v2");

        _a.Tier.Heal();
        await _a.Background.WhenIdleAsync();

        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        Assert.Equal(1, _a.Count(Counter.DatastoreUnknownOutcomes));
    }

    [Fact]
    public async Task A_write_during_the_drain_is_checked_on_its_own_account()
    {
        await _a.SetAsync("v1");
        _a.Tier.Script.Next(Commands.Any, VolatileFate.Lost, times: 2);
        await _a.SetAsync("v2");
        FakeStop stop = _a.Tier.Script.StopAfter(Commands.Remove);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await stop.ReachedAsync();

        _a.Tier.Script.Next(Commands.Any, VolatileFate.Lost, times: 2);
        await _a.SetAsync("v3");
        await _b.SetAsync("v4");
        stop.Release();
        await _a.Background.WhenIdleAsync();
        _a.Tier.Script.ClearLog();
        await _a.GetAsync();
        Assert.Empty(_a.Tier.Script.Log); // still kept unread

        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _a.Background.WhenIdleAsync();
        Assert.Equal("v4", await _a.GetAsync());
        Assert.NotEmpty(_a.Tier.Script.Log);
    }

    [Fact]
    public async Task A_backlog_that_could_not_be_drained_is_tried_again_every_second()
    {
        await _a.SetAsync("v1");
        _a.Tier.Cut();
        await _a.SetAsync("v2");
        for (int second = 0; second < 3; second++)
        {
            _a.Tier.Script.ClearLog();
            _world.Time.Advance(TimeSpan.FromSeconds(1));
            await _a.Background.WhenIdleAsync();
            Assert.NotEmpty(_a.Tier.Script.Log);
        }

        Assert.Equal(0, _a.Count(Counter.BacklogDrained));
    }

    [Fact]
    public async Task An_empty_backlog_asks_nobody()
    {
        await _a.SetAsync("v1");
        _a.Tier.Script.Next(Commands.Any, VolatileFate.Lost, times: 2);
        await _a.SetAsync("v2");
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _a.Background.WhenIdleAsync();
        _a.Tier.Script.ClearLog();

        _world.Time.Advance(TimeSpan.FromSeconds(10));
        _a.Tier.Heal();
        await _a.Background.WhenIdleAsync();

        Assert.Empty(_a.Tier.Script.Log);
    }

    [Fact]
    public async Task A_key_without_a_server_keeps_every_server_unread()
    {
        await using var background = new BackgroundWork(_a.Counters, _a.Log);
        await using var one = new FakeVolatileTier(_world.Server);
        await using var other = new FakeVolatileTier(_world.Server);
        await using var standIn = new FakeVolatileTier(_world.Server) { IsStandIn = true };
        using var backlog = new Backlog(_a.Services, one, background);
        Assert.False(backlog.Blocks(one));

        backlog.Add(one, _world.Key, 1);
        Assert.True(backlog.Blocks(one));
        Assert.False(backlog.Blocks(other));

        backlog.Add(standIn, _world.Key, 1);
        Assert.True(backlog.Blocks(other));

        await backlog.DrainAsync(CallContext.Async(CancellationToken.None));
        Assert.False(backlog.Blocks(one) || backlog.Blocks(other) || backlog.Blocks(standIn));
    }
}
