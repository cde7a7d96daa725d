using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.Tests.Flow;

/// <summary>What a check after a commit of version 10 leaves in memcached.</summary>
public sealed class KeyCheckTests : IAsyncDisposable
{
    private static readonly Guid Mine = new(1, 0, 0, new byte[8]);
    private static readonly Guid Other = new(2, 0, 0, new byte[8]);

    // A crowd of so many at once is outlasted.
    private const int Rounds = 128;

    private readonly FlowFixture _world = new();
    private readonly FlowProcess _process;

    public KeyCheckTests() => _process = _world.Start();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    [InlineData(11, true)]
    public async Task What_is_older_than_the_commit_is_removed_and_nothing_else(long version, bool stays)
    {
        Plant(EntryBytes(version), (uint)EntryKind.Value);

        Assert.True(await CheckAsync(Mine));

        Assert.Equal(stays ? EntryKind.Value : null, _world.StoredKind);
        Assert.Equal(0, _process.Tier.OpenReads);
    }

    [Fact]
    public async Task A_placeholder_is_removed_because_its_reader_may_have_read_before_the_commit()
    {
        _world.Server.Read("session.abc", leaseSeconds: 10);

        Assert.True(await CheckAsync(Mine));

        Assert.Null(_world.StoredKind);
    }

    [Fact]
    public async Task What_nobody_understands_is_removed()
    {
        Plant([1, 2, 3], (uint)EntryKind.Value);

        Assert.True(await CheckAsync(Mine));

        Assert.Null(_world.StoredKind);
    }

    [Fact]
    public async Task Nothing_there_is_nothing_to_do()
    {
        Assert.True(await CheckAsync(Mine));

        Assert.Single(_process.Tier.Script.Log);
    }

    [Fact]
    public async Task A_writer_that_was_alone_publishes_again()
    {
        PlantLock(LockRecord.Empty(contended: false).With(Mine, 31));

        Assert.True(await CheckAsync(Mine));

        Assert.Equal((EntryKind.Absent, 10L), (_world.StoredKind!.Value, _world.StoredEntry().Version));
    }

    [Fact]
    public async Task A_writer_that_was_not_alone_takes_only_itself_out()
    {
        PlantLock(LockRecord.Empty(contended: false).With(Mine, 31).With(Other, 31));

        Assert.True(await CheckAsync(Mine));

        LockRecord left = StoredLock();
        Assert.True(left.IsHeldBy(Other) && !left.IsHeldBy(Mine) && left.Contended);
    }

    [Fact]
    public async Task The_last_of_several_writers_deletes_the_lock()
    {
        PlantLock(LockRecord.Empty(contended: true).With(Mine, 31));

        Assert.True(await CheckAsync(Mine));

        Assert.Null(_world.StoredKind);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_writer_that_lost_its_lock_warns_the_holder_of_the_next_one(bool warnedBefore)
    {
        PlantLock(LockRecord.Empty(warnedBefore).With(Other, 31));

        Assert.True(await CheckAsync(Mine));

        Assert.True(StoredLock().Contended && StoredLock().IsHeldBy(Other));
        Assert.Equal((1, 1), (_process.Count(Counter.MemcacheLostLocks), _process.Log.Count(9)));
        Assert.Equal(warnedBefore ? 1 : 2, _process.Tier.Script.Log.Count);
    }

    [Fact]
    public async Task A_late_check_warns_too_but_has_lost_no_lock()
    {
        PlantLock(LockRecord.Empty(contended: false).With(Other, 31));

        Assert.True(await CheckAsync(Guid.Empty));

        Assert.True(StoredLock().Contended);
        Assert.Equal((0, 0), (_process.Count(Counter.MemcacheLostLocks), _process.Log.Count(9)));
    }

    [Fact]
    public async Task A_writer_that_was_alone_and_committed_nothing_publishes_nothing()
    {
        PlantLock(LockRecord.Empty(contended: false).With(Mine, 31));

        Assert.True(await CheckAsync(Mine, committed: false));

        Assert.Null(_world.StoredKind);
    }

    [Theory]
    [InlineData(Rounds - 1, true)]
    [InlineData(Rounds, false)]
    public async Task A_key_that_keeps_changing_is_not_silent_and_is_given_up_after_a_crowds_worth_of_changes(int changes, bool reached)
    {
        ChangeBeforeRemovals(changes, TimeSpan.Zero);

        Assert.Equal(reached, await CheckAsync(Mine));

        Assert.Equal(Rounds, _process.Tier.Script.Log.Count(Commands.Remove));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task A_check_may_go_on_for_exactly_as_long_as_a_server_may_take(int over, bool reached)
    {
        ChangeBeforeRemovals(1, _process.Settings.MemcacheTime + TimeSpan.FromMilliseconds(over));

        Assert.Equal(reached, await CheckAsync(Mine));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task A_server_that_is_silent_twice_cannot_be_reached(int silences, bool reached)
    {
        Plant(EntryBytes(9), (uint)EntryKind.Value);
        _process.Tier.Script.Next(Commands.Any, VolatileFate.Lost, silences);

        Assert.Equal(reached, await CheckAsync(Mine));

        Assert.Equal(reached ? 3 : 2, _process.Tier.Script.Log.Count);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task A_change_without_an_answer_is_a_silence_as_well(int silences, bool reached)
    {
        Plant(EntryBytes(9), (uint)EntryKind.Value);
        _process.Tier.Script.Next(Commands.Remove, VolatileFate.Lost, silences);

        Assert.Equal(reached, await CheckAsync(Mine));

        Assert.Equal(0, _process.Tier.OpenReads);
    }

    private ValueTask<bool> CheckAsync(Guid writer, bool committed = true)
    {
        Entry? entry = committed ? _process.Services.AbsentEntry(10, _world.Now) : null;
        return new KeyCheck(_process.Services, _process.Tier, _world.Key).RunAsync(writer, committed ? 10 : KeyLock.AnyVersion, entry, CallContext.Async(CancellationToken.None));
    }

    // Under the first of its removals the key changes: something as old comes in the place of what is to be removed.
    private void ChangeBeforeRemovals(int changes, TimeSpan each)
    {
        Plant(EntryBytes(9), (uint)EntryKind.Value);
        _process.Tier.Script.Scheduler = command =>
        {
            if (Commands.Remove(command) && changes-- > 0)
            {
                Plant(EntryBytes(9), (uint)EntryKind.Value);
                _world.Time.Advance(each);
            }

            return ValueTask.FromResult(VolatileFate.Run);
        };
    }

    private byte[] EntryBytes(long version)
    {
        byte[] bytes = new byte[EntryFormat.HeaderSize];
        var entry = new Entry { Kind = EntryKind.Value, Version = version, CopyExpiry = _world.Now + 10_000, DurableExpiry = _world.Now + 10_000, FreshUntil = _world.Now + 10_000 };
        EntryFormat.WriteHeader(bytes, entry, _world.Key.Fingerprint);
        return bytes;
    }

    private LockRecord StoredLock() => LockRecord.Read(_world.Stored!.Bytes, _world.Stored.SecondsToLive);

    private void PlantLock(LockRecord record)
    {
        byte[] bytes = new byte[record.Size];
        record.Write(bytes);
        Plant(bytes, EntryFlags.ForLock, record.SecondsLeft + 1);
    }

    private void Plant(byte[] bytes, uint flags, int seconds = 100) => _world.Server.Plant("session.abc", bytes, flags, seconds);
}
