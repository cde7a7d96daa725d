using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using Xunit;

namespace CascadeCache.Tests.Flow;

public sealed class WriteFlowTests : IAsyncDisposable
{
    private readonly FlowFixture _world = new();
    private readonly FlowProcess _a;
    private readonly FlowProcess _b;

    public WriteFlowTests()
    {
        _a = _world.Start();
        _b = _world.Start();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_write_is_look_take_commit_publish()
    {
        await _a.SetAsync("v1");

        Assert.Collection(
            _a.Tier.Script.Log,
            c => Assert.True(Commands.Look(c) && c.WithLease),
            c => Assert.True(Commands.Take(c)),
            c => Assert.True(Commands.Store(c)));
        Assert.True(Commands.Commit(Assert.Single(_world.Durable.Script.Log)));
        Assert.Equal("v1", await _b.GetAsync());
        Assert.Single(_world.Durable.Script.Log);
        Assert.Equal(0, _a.Tier.OpenReads);
    }

    [Fact]
    public async Task Of_two_writers_that_meet_neither_publishes_and_the_last_one_deletes()
    {
        await _a.SetAsync("v0");
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Commit);
        Task first = _a.SetAsync("v1");
        await stop.ReachedAsync();

        await _b.SetAsync("v2");
        Assert.Equal(EntryKind.Lock, _world.StoredKind);

        stop.Release();
        await first;
        Assert.Null(_world.StoredKind);
        Assert.Equal("v1", await _b.GetAsync());
        Assert.Equal(EntryKind.Value, _world.StoredKind);
        Assert.Equal(1, _b.Count(Counter.MemcacheContendedWrites));
    }

    [Fact]
    public async Task A_removal_publishes_an_absent_marker()
    {
        await _a.SetAsync("v1");
        await _a.RemoveAsync();
        _world.Durable.Script.ClearLog();

        Assert.Null(await _b.GetAsync());
        Assert.Empty(_world.Durable.Script.Log);
        Assert.Null(_world.Durable.Peek(_world.Key).Value);
    }

    [Fact]
    public async Task Removing_what_is_not_there_succeeds() => await _a.RemoveAsync();

    [Fact]
    public async Task A_value_over_our_limit_replaces_the_smaller_one_by_a_marker()
    {
        FlowProcess small = _world.Start(o => o.MaxMemcacheSessionSizeBytes = 4);
        await small.SetAsync("1234");
        Assert.Equal(EntryKind.Value, _world.StoredKind);

        await small.SetAsync("12345");

        Assert.Equal(EntryKind.Bypass, _world.StoredKind);
        Assert.Equal("12345", await _b.GetAsync());
        Assert.Equal(1, small.Count(Counter.BypassesOverLimit));
    }

    [Fact]
    public async Task A_value_over_the_servers_limit_replaces_the_smaller_one_by_a_marker()
    {
        await _a.SetAsync("12345678");
        _world.Server.ItemLimit = EntryFormat.HeaderSize + 8;

        await _a.SetAsync("123456789");

        Assert.Equal(EntryKind.Bypass, _world.StoredKind);
        Assert.Equal("123456789", await _b.GetAsync());
        Assert.Equal(1, _a.Count(Counter.BypassesOverServerLimit));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(2)]
    public async Task The_store_is_told_how_large_what_is_replaced_is_in_memcache_or_not(int limit)
    {
        FlowProcess process = _world.Start(o => o.MaxMemcacheSessionSizeBytes = limit);

        await process.SetAsync("12345");
        Assert.Equal(0, _world.Durable.ReplacedBytes);
        await process.SetAsync("123");
        Assert.Equal(5, _world.Durable.ReplacedBytes);
        await process.RemoveAsync();
        Assert.Equal(3, _world.Durable.ReplacedBytes);
        await process.SetAsync("1");
        Assert.Equal(0, _world.Durable.ReplacedBytes);
    }

    [Fact]
    public async Task A_value_that_the_store_cannot_hold_is_refused_before_anything_is_touched()
    {
        _world.Durable.ValueLimit = 4;

        var e = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => _a.SetAsync("12345"));

        Assert.Equal((5, 4), (e.Size, e.Limit));
        Assert.Empty(_a.Tier.Script.Log);
        Assert.Empty(_world.Durable.Script.Log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_commit_that_failed_the_old_value_is_served_again(bool rejected)
    {
        await _a.SetAsync("v1");
        _world.Durable.Script.Next(Commands.Any, rejected ? DurableFate.Rejected : DurableFate.Unavailable);

        await Assert.ThrowsAnyAsync<CascadeCacheException>(() => _a.SetAsync("v2"));

        _world.Durable.Script.Next(Commands.Any, DurableFate.Unavailable, times: 100);
        Assert.Equal("v1", await _b.GetAsync());
        Assert.Equal(0, _a.Tier.OpenReads);
    }

    [Fact]
    public async Task After_a_commit_that_failed_over_nothing_the_lock_is_gone()
    {
        _world.Durable.Script.Next(Commands.Any, DurableFate.Unavailable);

        await Assert.ThrowsAsync<CascadeUnavailableException>(() => _a.SetAsync("v2"));

        Assert.Null(_world.StoredKind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_an_unknown_outcome_the_lock_stays_until_the_commit_can_no_longer_land(bool applied)
    {
        await _a.SetAsync("v1");
        _world.Durable.Script.Next(Commands.Commit, applied ? DurableFate.UnknownApplied : DurableFate.UnknownLate);

        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => _a.SetAsync("v2"));

        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        Assert.Equal(applied ? "v2" : "v1", await _b.GetAsync());
        _world.Time.Advance(_a.Settings.LockTime - TimeSpan.FromSeconds(1));
        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        _world.Durable.RunLate();
        _world.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("v2", await _b.GetAsync());
        Assert.Equal(EntryKind.Value, _world.StoredKind);
        Assert.Equal(1, _a.Log.Count(10));
    }

    [Fact]
    public async Task A_write_that_is_cancelled_during_its_commit_leaves_its_lock()
    {
        using var cancellation = new CancellationTokenSource();
        _world.Durable.Script.Scheduler = async _ =>
        {
            await cancellation.CancelAsync();
            throw new OperationCanceledException(cancellation.Token);
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            _a.Flow.SetAsync(_world.Key, new byte[1], _a.Hour, CallContext.Async(cancellation.Token)).AsTask());

        Assert.Equal(EntryKind.Lock, _world.StoredKind);
    }

    [Fact]
    public async Task In_strict_mode_a_write_without_a_lock_fails_before_the_store_is_touched()
    {
        FlowProcess strict = _world.Start(o => o.Consistency = CascadeConsistency.Strict);
        strict.Tier.Cut();

        await Assert.ThrowsAsync<CascadeUnavailableException>(() => strict.SetAsync("v1"));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => strict.RemoveAsync());

        Assert.Empty(_world.Durable.Script.Log);
    }

    [Fact]
    public async Task A_server_without_memory_for_a_lock_is_as_good_as_none()
    {
        _a.Tier.Script.Next(Commands.Any, VolatileFate.NoMemory, times: 100);

        await _a.SetAsync("v1");

        Assert.Equal(1, _a.Count(Counter.BacklogAdded));
        Assert.DoesNotContain(_a.Tier.Script.Log, Commands.Store);
    }
}
