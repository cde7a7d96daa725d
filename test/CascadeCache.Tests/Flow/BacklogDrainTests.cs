using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Interleavings;
using CascadeCache.Tiers;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.Flow;

/// <summary>How a backlog gets empty, how much it asks of a server that does not answer, and what is left of it at its end.</summary>
public sealed class BacklogDrainTests : IAsyncDisposable
{
    private readonly FlowFixture _world = new(new CountingTime());
    private readonly FlowProcess _a;
    private int _pieces;

    public BacklogDrainTests() => _a = _world.Start(scheduler: new InlineScheduler(run =>
    {
        _pieces++;
        run();
    }));

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task After_the_last_key_nothing_is_tried_any_more()
    {
        Backlog.Add(_a.Tier, _world.Key, 1);
        Assert.False(Backlog.IsEmpty);
        await AdvanceAsync();
        Assert.True(Backlog.IsEmpty);
        Assert.Equal(1, _pieces);

        await AdvanceAsync();
        _a.Tier.Heal();
        await _a.Background.WhenIdleAsync();

        Assert.Equal(1, _pieces);
    }

    [Fact]
    public async Task What_one_server_still_owes_is_tried_again_after_another_has_none_left()
    {
        await using var other = new FakeVolatileTier(_world.Server);
        Backlog.Add(_a.Tier, _world.Key, 1);
        Backlog.Add(other, new CacheKey("another"), 1);
        Assert.Equal(2, Backlog.Count);
        _a.Tier.Script.Next(Commands.Any, VolatileFate.Lost, times: 2); // the first key's

        await AdvanceAsync();
        Assert.Equal((1, 1), (Backlog.Count, _a.Count(Counter.BacklogDrained)));
        Assert.False(Backlog.Blocks(other));

        await AdvanceAsync();
        Assert.True(Backlog.IsEmpty);
        Assert.Equal(2, _a.Count(Counter.BacklogDrained));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_asked_for_as_many_keys_as_are_checked_at_once()
    {
        for (int i = 0; i < 100; i++)
        {
            Backlog.Add(_a.Tier, new CacheKey($"other-{i}"), 1);
        }

        _a.Tier.Cut();
        await AdvanceAsync();

        Assert.Equal(2 * 32, _a.Tier.Script.Log.Count); // each key is given up after two silences
        Assert.Equal(100, Backlog.Count);
    }

    [Fact]
    public async Task A_key_of_unknown_outcome_is_done_when_it_is_locked_and_not_before()
    {
        Backlog.Add(_a.Tier, _world.Key, Backlog.UnknownVersion);
        _a.Tier.Script.Next(Commands.Any, VolatileFate.Lost, times: 2);

        await AdvanceAsync();
        Assert.Equal((1, 0), (Backlog.Count, _a.Count(Counter.BacklogDrained)));
        Assert.Null(_world.StoredKind);

        await AdvanceAsync();
        Assert.Equal((0, 1), (Backlog.Count, _a.Count(Counter.BacklogDrained)));
        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        Assert.Equal(0, _a.Tier.OpenReads);
    }

    [Fact]
    public async Task A_drain_that_was_cancelled_asks_nobody_who_would_not_notice()
    {
        Backlog.Add(_a.Tier, _world.Key, 1);
        _a.Tier.Wrap = static _ => new UndiscoveredServer("discovery:11211", static () => null);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Backlog.DrainAsync(CallContext.Async(new CancellationToken(canceled: true))).AsTask());

        Assert.Equal(1, Backlog.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_its_end_a_backlog_starts_nothing(bool timer)
    {
        Backlog.Add(_a.Tier, _world.Key, 1);
        Backlog.Dispose();

        if (timer)
        {
            await AdvanceAsync();
        }
        else
        {
            _a.Tier.Heal();
        }

        Assert.Equal(0, _pieces);
    }

    [Fact]
    public async Task After_the_end_of_a_cache_no_timer_of_it_is_left()
    {
        var time = (CountingTime)_world.Clock;
        _a.Tier.Cut();
        await _a.SetAsync("v1"); // stays on the backlog, which would try for ever
        Assert.NotEqual(0, time.Timers);

        await _a.DisposeAsync();

        Assert.Equal(0, time.Timers);
    }

    private Backlog Backlog => ((CascadeFlow)_a.Flow).Backlog;

    private async Task AdvanceAsync()
    {
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _a.Background.WhenIdleAsync();
    }

    /// <summary>Counts the timers that nobody has given back.</summary>
    private sealed class CountingTime() : FakeTimeProvider(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero))
    {
        private int _timers;

        public int Timers => Volatile.Read(ref _timers);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _timers);
            return new Counted(this, base.CreateTimer(callback, state, dueTime, period));
        }

        private sealed class Counted(CountingTime owner, ITimer inner) : ITimer
        {
            private int _isDisposed;

            public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(dueTime, period);

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
                {
                    Interlocked.Decrement(ref owner._timers);
                    inner.Dispose();
                }
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
