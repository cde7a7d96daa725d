using CascadeCache.Entries;

namespace CascadeCache.Tests.Fuzz;

/// <summary>Items that somebody stored in memcached who can write there, and therefore can make their checksum right.</summary>
public sealed class HostileEntryTests
{
    private const long Now = 1_893_456_000_000;

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void A_negative_window_is_rejected_though_its_checksum_is_right(long window) => Assert.False(TryRead(new EntryLifetime(EntryLifetime.Never, window), Now, Now, out _));

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(59_999)]
    public void An_expiry_before_its_own_window_began_is_due_at_once_and_repaired(long expiry)
    {
        Assert.True(TryRead(new EntryLifetime(EntryLifetime.Never, 60_000), Now + 1, expiry, out Entry entry));

        Assert.Equal(0, entry.SlideDueAt);
        Assert.Equal(expiry <= Now, entry with { CopyExpiry = expiry } is var old && old.IsExpired(Now));
    }

    [Fact]
    public void The_largest_numbers_overflow_nothing()
    {
        Assert.True(TryRead(new EntryLifetime(EntryLifetime.Never, long.MaxValue), long.MaxValue - 1, long.MaxValue, out Entry entry));

        Assert.Equal(0, entry.SlideDueAt);
        Assert.Equal(EntryLifetime.Never, entry.Lifetime.CopyExpiry(Now, 1));
        Assert.False(entry.IsExpired(Now));
    }

    [Fact]
    public void A_crowd_does_not_make_a_lock_that_the_server_cannot_hold()
    {
        LockRecord record = LockRecord.Empty(contended: false);
        for (int i = 0; i < 3 * LockRecord.MaxHolders; i++)
        {
            record = record.With(Writer(i), 31);
        }

        Assert.Equal(3 + (18 * LockRecord.MaxHolders), record.Size);
        Assert.True(record.Contended);
        Assert.True(record.IsHeldBy(Writer((3 * LockRecord.MaxHolders) - 1)));
        Assert.Equal(Bytes(record), Bytes(LockRecord.Read(Bytes(record), 32)));
    }

    [Fact]
    public void In_a_full_lock_the_holder_with_the_least_time_left_makes_room()
    {
        LockRecord record = LockRecord.Empty(contended: false).With(Writer(0), 20).With(Writer(1), 10);
        for (int i = 2; i <= LockRecord.MaxHolders; i++)
        {
            record = record.With(Writer(i), 30);
        }

        Assert.False(record.IsHeldBy(Writer(1)));
        Assert.True(record.IsHeldBy(Writer(0)));
        Assert.True(record.Contended);
    }

    [Fact]
    public void A_record_with_more_holders_than_any_writer_makes_is_nobodys()
    {
        byte[] forged = [0xC1, 4, 0, .. new byte[18 * (LockRecord.MaxHolders + 1)]];

        Assert.True(LockRecord.Read(forged, 10).IsEmpty);
        Assert.True(LockRecord.Read(forged, 10).Contended);
    }

    [Fact]
    public void A_lock_keeps_its_key_uncached_for_no_longer_than_a_write_can_take()
    {
        byte[] forged = [0xC1, 4, 0, .. new byte[16], 0xFF, 0xFF];

        Assert.False(LockRecord.CanLive(ushort.MaxValue + 1));
        Assert.True(LockRecord.CanLive(LockRecord.MaxSeconds + 1));
        Assert.Equal(LockRecord.MaxSeconds, LockRecord.Read(forged, ushort.MaxValue + 1).With(Writer(1), 31).SecondsLeft);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(5)]
    public void However_often_writers_join_a_lock_a_forged_holder_runs_out(int secondsToLive)
    {
        byte[] forged = [0xC1, 4, 1, .. new byte[16], 0xFF, 0xFF];

        LockRecord seen = LockRecord.Read(forged, secondsToLive);

        Assert.InRange(seen.SecondsLeft, 0, Math.Max(0, secondsToLive));
        Assert.Equal(31, seen.With(Writer(1), 31).SecondsLeft);
    }

    private static bool TryRead(EntryLifetime lifetime, long copyExpiry, long durableExpiry, out Entry entry)
    {
        var forged = new Entry { Kind = EntryKind.Value, Version = 1, Lifetime = lifetime, CopyExpiry = copyExpiry, DurableExpiry = durableExpiry, FreshUntil = long.MaxValue };
        byte[] bytes = new byte[EntryFormat.HeaderSize];
        EntryFormat.WriteHeader(bytes, forged, 1);
        return EntryFormat.TryRead(bytes, 1, out entry);
    }

    private static Guid Writer(int number) => new(number + 1, 0, 0, new byte[8]);

    private static byte[] Bytes(LockRecord record)
    {
        byte[] bytes = new byte[record.Size];
        record.Write(bytes);
        return bytes;
    }
}
