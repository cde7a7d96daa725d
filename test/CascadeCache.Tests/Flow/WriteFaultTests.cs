using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using Xunit;

namespace CascadeCache.Tests.Flow;

/// <summary>Writes whose locks, replies or owners get lost.</summary>
public sealed class WriteFaultTests : IAsyncDisposable
{
    private readonly FlowFixture _world = new();
    private readonly FlowProcess _a;
    private readonly FlowProcess _b;

    public WriteFaultTests()
    {
        _a = _world.Start();
        _b = _world.Start();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_lock_that_took_too_long_to_get_is_given_back_and_taken_again()
    {
        await _a.SetAsync("v1");
        FakeStop stop = _a.Tier.Script.StopAfter(Commands.Take);
        Task write = _a.SetAsync("v2");
        await stop.ReachedAsync();
        _world.Time.Advance(_a.Settings.MaxLockAgeAtCommit);
        stop.Release();
        await write;

        Assert.Equal(3, _a.Tier.Script.Log.Count(Commands.Take));
        Assert.Equal("v2", await _b.GetAsync());
        Assert.Equal(EntryKind.Value, _world.StoredKind);
    }

    [Fact]
    public async Task When_the_reply_to_the_take_is_lost_the_writer_recognises_its_own_lock()
    {
        _a.Tier.Script.Next(Commands.Take, VolatileFate.ReplyLost);

        await _a.SetAsync("v1");

        Assert.Equal(EntryKind.Value, _world.StoredKind);
        Assert.Equal(0, _a.Count(Counter.MemcacheContendedWrites));
    }

    [Theory]
    [InlineData(nameof(VolatileFate.ReplyLost))]
    [InlineData(nameof(VolatileFate.Lost))]
    public async Task When_the_reply_to_the_publish_is_lost_the_value_is_there_all_the_same(string fate)
    {
        await _a.SetAsync("v1");
        _a.Tier.Script.Next(Commands.Store, Enum.Parse<VolatileFate>(fate));

        await _a.SetAsync("v2");

        Assert.Equal(EntryKind.Value, _world.StoredKind);
        Assert.Equal("v2", await _b.GetAsync());
        Assert.Equal(0, _a.Count(Counter.BacklogAdded));
    }

    [Fact]
    public async Task What_was_filled_while_the_lock_was_lost_is_removed_before_the_write_is_acknowledged()
    {
        await _a.SetAsync("v1");
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Commit);
        Task write = _a.SetAsync("v2");
        await stop.ReachedAsync();
        _world.Server.Evict("session.abc");
        Assert.Equal("v1", await _b.GetAsync());
        Assert.Equal(EntryKind.Value, _world.StoredKind);
        stop.Release();
        await write;

        Assert.Equal("v2", await _b.GetAsync());
    }

    [Fact]
    public async Task A_writer_whose_lock_was_lost_tells_the_holder_of_the_next_one()
    {
        FakeStop first = _world.Durable.Script.StopBefore(Commands.Commit);
        Task a = _a.SetAsync("v1");
        await first.ReachedAsync();
        _world.Server.Evict("session.abc");
        FakeStop second = _world.Durable.Script.StopBefore(Commands.Commit);
        Task b = _b.SetAsync("v2");
        await second.ReachedAsync();

        first.Release();
        await a;
        second.Release();
        await b;

        Assert.Null(_world.StoredKind);
        Assert.Equal(1, _a.Count(Counter.MemcacheLostLocks));
        Assert.Equal(1, _a.Log.Count(9));
        Assert.Equal("v2", await _a.GetAsync());
    }

    [Fact]
    public async Task A_writer_that_died_keeps_the_key_out_of_memcached_only_until_its_lock_has_run_out()
    {
        _ = _world.Durable.Script.StopBefore(Commands.Commit);
        Task dead = _a.SetAsync("v1"); // never goes on
        _world.Time.Advance(TimeSpan.FromSeconds(5));
        await _b.SetAsync("v2");
        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        Assert.Equal("v2", await _b.GetAsync());

        _world.Time.Advance(_a.Settings.LockTime - TimeSpan.FromSeconds(3));
        Assert.Equal("v2", await _b.GetAsync());
        Assert.Equal(EntryKind.Value, _world.StoredKind);
        Assert.False(dead.IsCompleted);
    }

    [Fact]
    public async Task A_busy_key_gets_rid_of_a_dead_writer_too()
    {
        _ = _world.Durable.Script.StopBefore(Commands.Commit);
        Task dead = _a.SetAsync("v1"); // never goes on
        for (int i = 0; i <= _a.Settings.LockSeconds + 1; i++)
        {
            await _b.SetAsync("v2");
            _world.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("v2", await _b.GetAsync());
        Assert.Equal(EntryKind.Value, _world.StoredKind);
        Assert.False(dead.IsCompleted);
    }

    [Fact]
    public async Task A_lock_outlives_a_late_commit_even_if_it_was_slow_to_get()
    {
        await _a.SetAsync("v1");
        FakeStop stop = _a.Tier.Script.StopAfter(Commands.Take);
        _world.Durable.Script.Next(Commands.Commit, DurableFate.UnknownLate);
        Task write = _a.SetAsync("v2");
        await stop.ReachedAsync();
        _world.Time.Advance(TimeSpan.FromSeconds(15));
        stop.Release();
        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => write);

        // As late as a commit can be: its own time and the allowance.
        _world.Time.Advance(TimeSpan.FromSeconds(30) - TimeSpan.FromMilliseconds(1));
        Assert.Equal("v1", await _b.GetAsync());
        _world.Durable.RunLate();
        Assert.Equal("v2", await _b.GetAsync());
    }

    [Theory]
    [InlineData(nameof(VolatileFate.Lost))]
    [InlineData(nameof(VolatileFate.NoMemory))]
    public async Task Two_locks_without_an_answer_are_enough(string fate)
    {
        _a.Tier.Script.Next(Commands.Take, Enum.Parse<VolatileFate>(fate), times: 10);

        await _a.SetAsync("v1");

        Assert.Equal(2, _a.Tier.Script.Log.Count(Commands.Take));
        Assert.Equal(1, _a.Count(Counter.BacklogAdded));
        Assert.Equal(0, _a.Tier.OpenReads);
    }

    [Fact]
    public async Task A_server_that_answers_and_never_lets_a_lock_be_taken_is_given_up_in_time()
    {
        await _a.SetAsync("v1");
        _a.Tier.Script.ClearLog();
        _a.Tier.Script.Scheduler = command =>
        {
            if (Commands.Take(command))
            {
                _world.Server.Evict("session.abc");
                _world.Time.Advance(_a.Settings.MemcacheTime / 4);
            }

            return ValueTask.FromResult(VolatileFate.Run);
        };

        await _a.SetAsync("v2");

        Assert.InRange(_a.Tier.Script.Log.Count(Commands.Take), 2, 5);
        Assert.Equal(1, _a.Count(Counter.BacklogAdded));
    }

    [Fact]
    public async Task A_key_that_changes_under_every_check_is_left_to_the_backlog_in_time()
    {
        await _a.SetAsync("v1");
        byte[] older = _world.Stored!.Bytes;
        uint flags = _world.Stored.Flags;
        _a.Tier.Script.Scheduler = command =>
        {
            // Its lock is lost, and whenever it wants to remove the older value that came in its place, another one comes.
            if (Commands.Store(command) || Commands.Remove(command))
            {
                _world.Server.Plant("session.abc", older, flags);
                _world.Time.Advance(_a.Settings.MemcacheTime / 4);
            }

            return ValueTask.FromResult(VolatileFate.Run);
        };

        await _a.SetAsync("v2");

        Assert.InRange(_a.Tier.Script.Log.Count(Commands.Remove), 2, 6);
        Assert.Equal(1, _a.Count(Counter.BacklogAdded));
        _a.Tier.Script.Scheduler = null;
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _a.Background.WhenIdleAsync();
        Assert.Equal("v2", await _b.GetAsync());
    }
}
