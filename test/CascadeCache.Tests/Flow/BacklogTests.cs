using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;
using Xunit;

namespace CascadeCache.Tests.Flow;

public sealed class BacklogTests : IAsyncDisposable
{
    private readonly FlowFixture _world = new();
    private readonly FlowProcess _a;
    private readonly FlowProcess _b;

    public BacklogTests()
    {
        _a = _world.Start();
        _b = _world.Start();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_write_without_memcached_succeeds_and_its_process_does_not_read_the_old_copy()
    {
        await _a.SetAsync("v1");
        _a.Tier.Cut();
        await _a.SetAsync("v2");
        Assert.Equal(1, _a.Count(Counter.BacklogAdded));
        Assert.Equal(1, _a.Log.Count(5));

        // The way is free again, but nobody has looked yet.
        FakeStop stop = _a.Tier.Script.StopBefore(Commands.Any);
        _a.Tier.Heal();
        await stop.ReachedAsync();
        Assert.Equal("v2", await _a.GetAsync(settle: false));

        stop.Release();
        await _a.Background.WhenIdleAsync();
        Assert.Equal("v2", await _b.GetAsync());
        Assert.Equal(1, _a.Count(Counter.BacklogDrained));
    }

    [Fact]
    public async Task The_backlog_is_tried_again_by_itself()
    {
        await _a.SetAsync("v1");
        _a.Tier.Script.Next(Commands.Any, VolatileFate.Lost, times: 2);
        await _a.SetAsync("v2");
        Assert.Equal(1, _a.Count(Counter.BacklogAdded));

        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _a.Background.WhenIdleAsync();

        Assert.Equal(1, _a.Count(Counter.BacklogDrained));
        Assert.Equal("v2", await _b.GetAsync());
    }

    [Fact]
    public async Task A_newer_copy_is_left_alone()
    {
        await _a.SetAsync("v1");
        _a.Tier.Cut();
        await _a.SetAsync("v2");
        await _b.SetAsync("v3");

        _a.Tier.Heal();
        await _a.Background.WhenIdleAsync();

        Assert.Equal(EntryKind.Value, _world.StoredKind);
        Assert.Equal("v3", await _a.GetAsync());
    }

    [Fact]
    public async Task A_write_without_a_lock_whose_outcome_is_unknown_is_locked_afterwards()
    {
        await _a.SetAsync("v1");
        _a.Tier.Cut();
        _world.Durable.Script.Next(Commands.Commit, DurableFate.UnknownLate);
        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => _a.SetAsync("v2"));

        _a.Tier.Heal();
        await _a.Background.WhenIdleAsync();
        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        Assert.Equal("v1", await _b.GetAsync());
        _world.Durable.RunLate();
        Assert.Equal("v2", await _b.GetAsync());
    }

    [Fact]
    public async Task A_write_that_surely_failed_is_not_on_the_backlog()
    {
        _a.Tier.Cut();
        _world.Durable.Script.Next(Commands.Commit, DurableFate.Unavailable);

        await Assert.ThrowsAsync<CascadeUnavailableException>(() => _a.SetAsync("v2"));

        Assert.Equal(0, _a.Count(Counter.BacklogAdded));
    }

    [Fact]
    public async Task The_end_of_the_cache_makes_a_last_attempt()
    {
        await _a.SetAsync("v1");
        _a.Tier.Script.Next(Commands.Any, VolatileFate.Lost, times: 2);
        await _a.SetAsync("v2");

        await _a.DisposeAsync();

        Assert.Equal("v2", await _b.GetAsync());
    }

    [Fact]
    public async Task What_cannot_be_invalidated_before_the_end_is_told()
    {
        await _a.SetAsync("v1");
        _a.Tier.Cut();
        await _a.SetAsync("v2");

        await _a.DisposeAsync();

        Assert.Equal(1, _a.Log.Count(15));
    }

    [Fact]
    public async Task The_end_does_not_wait_for_a_server_that_takes_its_time()
    {
        _a.Tier.Cut();
        for (int i = 0; i < 100; i++)
        {
            await _a.Flow.SetAsync(new CacheKey($"other-{i}"), "v"u8.ToArray(), Long, CallContext.Async(CancellationToken.None));
        }

        int looked = 0;
        _a.Tier.Script.Scheduler = command =>
        {
            if (++looked == 40)
            {
                _world.Time.Advance(TimeSpan.FromSeconds(10));
            }

            return ValueTask.FromResult(VolatileFate.Run);
        };
        _a.Tier.Reconnect();
        await _a.DisposeAsync();

        Assert.Equal(1, _a.Log.Count(15));
        Assert.InRange(((CascadeFlow)_a.Flow).Backlog.Count, 1, 99);
    }

    [Fact]
    public async Task Many_keys_are_invalidated_at_once()
    {
        _a.Tier.Cut();
        for (int i = 0; i < 100; i++)
        {
            await _a.Flow.SetAsync(new CacheKey($"other-{i}"), "v"u8.ToArray(), Long, CallContext.Async(CancellationToken.None));
        }

        FakeStop first = _a.Tier.Script.StopBefore(Commands.Any);
        _a.Tier.Script.ClearLog();
        FakeStop last = _a.Tier.Script.StopBefore(c => _a.Tier.Script.Log.Count == 32);
        _a.Tier.Heal();
        await first.ReachedAsync();
        await last.ReachedAsync();

        first.Release();
        last.Release();
        await _a.Background.WhenIdleAsync();
        Assert.Equal(100, _a.Count(Counter.BacklogDrained));
    }

    private EntryLifetime Long => new(_world.Now + 10_000_000, 0);
}
