using CascadeCache.Session.Store;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Session.Tests.Store;

/// <summary>The queue of those who write one key: who comes when, with what, and that nothing of it stays.</summary>
public sealed class WriteTurnsTests
{
    private static readonly VersionedValue Stored = new([1], new CacheVersion(1));

    private readonly FakeTimeProvider _clock = new();
    private readonly WriteTurns _turns;

    public WriteTurnsTests() => _turns = new WriteTurns(_clock);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_meets_nobody_does_not_wait_and_leaves_nothing()
    {
        WriteTurn one = _turns.Join("one");
        WriteTurn other = _turns.Join("other");
        Assert.True(one.IsFirst);
        Assert.True(other.IsFirst);
        Assert.Null(await one.WaitAsync(Token));
        Assert.Equal(2, _turns.Count);

        _turns.Pass(one, Stored);
        Assert.True(_turns.Join("one").IsFirst);
        _turns.Pass(other, Stored);
        Assert.Equal(1, _turns.Count);
    }

    [Fact]
    public void Who_comes_from_where_nothing_flows_leaves_it_so()
    {
        using AsyncFlowControl outer = ExecutionContext.SuppressFlow();
        WriteTurn first = _turns.Join("key");
        Assert.False(_turns.Join("key").IsFirst);

        Assert.True(ExecutionContext.IsFlowSuppressed());
        _turns.Pass(first, Stored);
    }

    [Fact]
    public async Task Turns_come_in_the_order_of_arrival_with_what_the_predecessor_stored()
    {
        WriteTurn first = _turns.Join("key");
        WriteTurn[] others = [_turns.Join("key"), _turns.Join("key"), _turns.Join("key")];
        Task<VersionedValue?>[] waits = [.. others.Select(static turn => turn.WaitAsync(Token))];
        Assert.DoesNotContain(others, static turn => turn.IsFirst);

        _turns.Pass(first, Stored);
        Assert.Equal(Stored, await waits[0]);
        Assert.False(waits[1].IsCompleted);
        _turns.Pass(others[0], null);
        Assert.Null(await waits[1]);
        Assert.False(waits[2].IsCompleted);
        _turns.Pass(others[1], Stored with { Version = new CacheVersion(2) });
        Assert.Equal(2, (await waits[2])!.Value.Version.Number);

        Assert.Equal(1, _turns.Count);
        _turns.Pass(others[2], Stored);
        Assert.Equal(0, _turns.Count);
    }

    [Fact]
    public async Task Who_has_called_it_off_before_its_turn_is_passed_over()
    {
        using var cancel = new CancellationTokenSource();
        WriteTurn first = _turns.Join("key");
        WriteTurn second = _turns.Join("key");
        WriteTurn third = _turns.Join("key");
        Task<VersionedValue?> wait = second.WaitAsync(cancel.Token);
        await cancel.CancelAsync();
        Assert.Equal(cancel.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait)).CancellationToken);

        // As any writer does at its end; it must not end the turn of the one who has it.
        _turns.Pass(second, null);
        Assert.False(third.WaitAsync(Token).IsCompleted);
        _turns.Pass(first, Stored);
        Assert.Equal(Stored, await third.WaitAsync(Token));
        _turns.Pass(third, Stored);
        Assert.Equal(0, _turns.Count);
    }

    [Fact]
    public async Task A_twin_that_stops_waiting_without_giving_up_its_place_takes_the_turn_with_it()
    {
        using var cancel = new CancellationTokenSource();
        WriteTurn first = _turns.Join("key");
        WriteTurn second = _turns.Join("key");
        WriteTurn third = _turns.Join("key");
        Task<VersionedValue?> wait = second.Came!.Task.WaitAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        _turns.Pass(second, null);
        _turns.Pass(first, Stored);

        Assert.False(third.WaitAsync(Token).IsCompleted);
        Assert.Equal(1, _turns.Count);
    }

    [Fact]
    public async Task Who_calls_it_off_after_its_turn_has_come_has_it_and_passes_it_on()
    {
        using var cancel = new CancellationTokenSource();
        WriteTurn first = _turns.Join("key");
        WriteTurn second = _turns.Join("key");
        WriteTurn third = _turns.Join("key");
        _turns.Pass(first, Stored);
        await cancel.CancelAsync();
        Assert.Equal(Stored, await second.WaitAsync(cancel.Token));

        _turns.Pass(second, null);
        Assert.Null(await third.WaitAsync(Token));
        _turns.Pass(third, null);
        Assert.Equal(0, _turns.Count);
    }

    [Fact]
    public async Task When_all_who_wait_have_called_it_off_the_last_one_leaves_nothing()
    {
        WriteTurn first = _turns.Join("key");
        foreach (WriteTurn turn in (WriteTurn[])[_turns.Join("key"), _turns.Join("key")])
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => turn.WaitAsync(new CancellationToken(canceled: true)));
            _turns.Pass(turn, null);
        }

        _turns.Pass(first, Stored);
        Assert.Equal(0, _turns.Count);
    }

    [Fact]
    public async Task Who_waits_goes_on_neither_under_the_gate_nor_on_the_stack_of_its_predecessor()
    {
        using var isPassing = new ThreadLocal<bool>();
        WriteTurn first = _turns.Join("key");
        WriteTurn second = _turns.Join("key");
        Task<bool> next = WaitAsync();
        isPassing.Value = true;
        _turns.Pass(first, Stored);
        isPassing.Value = false;

        Assert.False(await next, "the continuation ran inside of Pass");

        async Task<bool> WaitAsync()
        {
            await second.WaitAsync(Token).ConfigureAwait(false);
            return isPassing.Value;
        }
    }

    [Fact]
    public async Task When_nothing_is_stored_for_too_long_all_who_wait_go_ahead_and_a_new_queue_begins()
    {
        WriteTurn first = _turns.Join("key");
        _clock.Advance(WriteTurns.LongestStandstill);
        WriteTurn[] others = [_turns.Join("key"), _turns.Join("key")];
        Task<VersionedValue?>[] waits = [.. others.Select(static turn => turn.WaitAsync(Token))];
        _clock.Advance(WriteTurns.LongestStandstill - TimeSpan.FromMilliseconds(1));
        Assert.All(waits, static wait => Assert.False(wait.IsCompleted));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.All(await Task.WhenAll(waits), static stored => Assert.Null(stored));
        Assert.Equal(0, _turns.Count);

        // Those who are out of turn end nothing that is not theirs.
        WriteTurn next = _turns.Join("key");
        WriteTurn last = _turns.Join("key");
        Assert.True(next.IsFirst);
        Array.ForEach([first, .. others], turn => _turns.Pass(turn, Stored));
        Assert.Equal(1, _turns.Count);
        Assert.False(last.WaitAsync(Token).IsCompleted);
        _turns.Pass(next, Stored);
        _turns.Pass(last, Stored);
        Assert.Equal(0, _turns.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_stored_meanwhile_lengthens_the_wait_and_a_failure_does_not(bool isStored)
    {
        WriteTurn first = _turns.Join("key");
        WriteTurn second = _turns.Join("key");
        WriteTurn third = _turns.Join("key");
        _clock.Advance(WriteTurns.LongestStandstill * 0.6);
        _turns.Pass(first, isStored ? Stored : null);
        _clock.Advance(WriteTurns.LongestStandstill * 0.5);
        Assert.Equal(!isStored, third.Came!.Task.IsCompleted);

        _clock.Advance(WriteTurns.LongestStandstill * 0.5);
        Assert.True(third.Came.Task.IsCompleted);
        _turns.Pass(second, Stored);
        Assert.Equal(0, _turns.Count);
    }

    [Fact]
    public void The_timer_keeps_nothing_of_the_request_that_waits_first()
    {
        var clock = new FlowWatchingClock();
        var turns = new WriteTurns(clock);
        turns.Join("key");
        Assert.Null(clock.IsFlowing);
        turns.Join("key");
        Assert.False(clock.IsFlowing);
        Assert.False(ExecutionContext.IsFlowSuppressed());
    }

    [Fact]
    public async Task Of_many_who_come_at_once_and_partly_give_up_one_writes_at_a_time_and_none_stays()
    {
        const int Writers = 16;
        const int Rounds = 500;
        int[] writing = new int[3];
        int met = 0;
        int written = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                await WriteAsync((writer + i) % writing.Length, isGivingUp: (writer + i) % 5 == 0);
            }
        })));

        Assert.Equal((0, 0), (met, _turns.Count));
        Assert.True(written >= Writers * Rounds * 4 / 5, $"only {written} turns came");

        async Task WriteAsync(int key, bool isGivingUp)
        {
            using var cancel = new CancellationTokenSource();
            WriteTurn turn = _turns.Join($"{key}");
            try
            {
                Task<VersionedValue?> wait = turn.WaitAsync(cancel.Token);
                if (isGivingUp)
                {
                    // At the same time as the turn may come.
                    await cancel.CancelAsync();
                }

                await wait;
                if (Interlocked.Increment(ref writing[key]) > 1)
                {
                    Interlocked.Increment(ref met);
                }

                await Task.Yield();
                Interlocked.Decrement(ref writing[key]);
                Interlocked.Increment(ref written);
            }
            catch (OperationCanceledException) when (isGivingUp)
            {
                // It had to wait.
            }
            finally
            {
                _turns.Pass(turn, Stored);
            }
        }
    }

    private sealed class FlowWatchingClock : FakeTimeProvider
    {
        /// <summary>Whether the last timer was made with what flows with its maker; null: none was made.</summary>
        public bool? IsFlowing { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            IsFlowing = !ExecutionContext.IsFlowSuppressed();
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
