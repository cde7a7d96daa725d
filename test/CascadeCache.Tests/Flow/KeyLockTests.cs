using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.Tests.Flow;

/// <summary>How long a lock is tried for, and what is left of one that was given up.</summary>
public sealed class KeyLockTests : IAsyncDisposable
{
    // A crowd of so many writers at once is served.
    private const int Rounds = 128;

    private readonly FlowFixture _world = new();
    private readonly FlowProcess _a;
    private readonly FlowProcess _b;

    public KeyLockTests()
    {
        _a = _world.Start();
        _b = _world.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        Assert.Equal((0, 0), (_a.Tier.OpenReads, _b.Tier.OpenReads));
    }

    [Theory]
    [InlineData(Rounds - 1, true)]
    [InlineData(Rounds, false)]
    public async Task Lost_races_are_no_silences_and_end_after_a_crowds_worth_of_them(int races, bool taken)
    {
        LoseRaces(races, TimeSpan.Zero);

        await _a.SetAsync("v1");

        Assert.Equal(taken ? (races + 1, 0) : (Rounds, 1), (_a.Tier.Script.Log.Count(Commands.Take), _a.Count(Counter.BacklogAdded)));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task A_lock_may_be_tried_for_exactly_as_long_as_a_server_may_take(int over, bool taken)
    {
        LoseRaces(1, _a.Settings.MemcacheTime + TimeSpan.FromMilliseconds(over));

        using KeyLock? held = await KeyLock.TryAcquireAsync(_a.Services, _a.Tier, _world.Key, CallContext.Async(CancellationToken.None));

        Assert.Equal(taken, held is not null);
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(100_000, 1)]
    public async Task A_small_answer_is_not_kept_while_the_lock_is_held_and_is_given_back_all_the_same(int size, int kept)
    {
        string value = new('v', size);
        await _a.SetAsync(value);

        using (KeyLock? held = await KeyLock.TryAcquireAsync(_a.Services, _a.Tier, _world.Key, CallContext.Async(CancellationToken.None)))
        {
            Assert.Equal(kept, _a.Tier.OpenReads);
            await held!.RestoreAsync(KeyLock.AnyVersion, CallContext.Async(CancellationToken.None));
        }

        Assert.Equal(value, await _b.GetAsync());
        Assert.Equal(1, _b.Count(Counter.MemcacheHits));
    }

    [Fact]
    public async Task A_server_without_memory_for_a_placeholder_is_not_asked_for_a_lock()
    {
        _a.Tier.Script.Next(Commands.Any, VolatileFate.NoMemory);

        Assert.Null(await KeyLock.TryAcquireAsync(_a.Services, _a.Tier, _world.Key, CallContext.Async(CancellationToken.None)));

        Assert.Single(_a.Tier.Script.Log);
    }

    [Fact]
    public async Task A_lock_that_took_too_long_twice_is_none_and_what_it_replaced_is_given_back()
    {
        await _a.SetAsync("v1");
        _a.Tier.Script.ClearLog();
        _a.Tier.Script.Scheduler = command =>
        {
            if (Commands.Take(command))
            {
                _world.Time.Advance(_a.Settings.MaxLockAgeAtCommit);
            }

            return ValueTask.FromResult(VolatileFate.Run);
        };

        await _a.SetAsync("v2");

        Assert.Equal((2, 1), (_a.Tier.Script.Log.Count(Commands.Take), _a.Count(Counter.BacklogAdded)));
        Assert.Equal("v1", await _b.GetAsync()); // no lock stands any more; the backlog sees to the rest
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _a.Background.WhenIdleAsync();
        Assert.Equal("v2", await _b.GetAsync());
    }

    [Fact]
    public async Task A_failed_writer_that_cannot_take_itself_out_leaves_the_others_lock_alone()
    {
        await _a.SetAsync("v1");
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Commit);
        Task first = _a.SetAsync("v2");
        await stop.ReachedAsync();
        _world.Durable.Script.Next(Commands.Commit, DurableFate.Unavailable);
        FakeStop taken = _b.Tier.Script.StopAfter(Commands.Take);
        Task second = _b.SetAsync("v3");
        await taken.ReachedAsync();
        _b.Tier.Script.Next(Commands.Look, VolatileFate.ReplyLate, times: 2); // the connection stays, and with it the token
        taken.Release();
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => second);

        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        stop.Release();
        await first;
        Assert.Equal("v2", await _b.GetAsync());
    }

    // As if another writer or reader was faster each time.
    private void LoseRaces(int races, TimeSpan each) => _a.Tier.Script.Scheduler = command =>
    {
        if (Commands.Take(command) && races-- > 0)
        {
            _world.Server.Plant("session.abc", [1], flags: 0);
            _world.Time.Advance(each);
        }

        return ValueTask.FromResult(VolatileFate.Run);
    };
}
