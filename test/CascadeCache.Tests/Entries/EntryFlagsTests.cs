using CascadeCache.Entries;
using CsCheck;
using Xunit;

namespace CascadeCache.Tests.Entries;

public class EntryFlagsTests
{
    private const long RingMilliseconds = (1L << 28) * 1000;

    [Fact]
    public void The_bits_stand_where_they_are_stored()
    {
        Entry sliding = Sliding(dueAt: 5_000, window: 10_000);

        Assert.Equal((5u << 4) | 8 | 1, EntryFlags.For(sliding));
        Assert.Equal(4u, EntryFlags.ForLock);
        Assert.Equal(EntryKind.Lock, EntryFlags.KindOf(EntryFlags.ForLock));
    }

    [Fact]
    public void An_entry_that_does_not_slide_is_never_due() => Gen.Long[0, long.MaxValue / 2].Sample(now =>
    {
        var entry = new Entry { Kind = EntryKind.Value, Version = 1, Lifetime = new EntryLifetime(now + 1, 0), CopyExpiry = now + 1, DurableExpiry = now + 1, FreshUntil = now };
        Assert.Equal(1u, EntryFlags.For(entry));
        Assert.False(EntryFlags.IsSlideDue(EntryFlags.For(entry), now));
        Assert.False(EntryFlags.IsSlideDue(EntryFlags.ForLock, now));
    });

    [Fact]
    public void Due_is_told_within_the_second_and_never_too_late() =>
        Gen.Select(Gen.Long[0, 3 * RingMilliseconds], Gen.Long[-100_000_000, 100_000_000]).Sample((due, distance) =>
        {
            long now = Math.Max(0, due + distance);
            bool told = EntryFlags.IsSlideDue(EntryFlags.For(Sliding(due, 1000)), now);
            if (now >= due)
            {
                Assert.True(told);
            }
            else if (now < due - 1000)
            {
                Assert.False(told);
            }
        });

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1000, false)]
    [InlineData(1000, true)]
    [InlineData((RingMilliseconds / 2) - 1000, true)]
    [InlineData(-RingMilliseconds / 2, false)]
    public void The_seconds_are_compared_on_the_ring(long distance, bool due)
    {
        long at = RingMilliseconds * 7; // 0 on the ring

        Assert.Equal(due, EntryFlags.IsSlideDue(EntryFlags.For(Sliding(at, 1000)), at + distance));
    }

    private static Entry Sliding(long dueAt, long window) => new()
    {
        Kind = EntryKind.Value,
        Version = 1,
        Lifetime = new EntryLifetime(EntryLifetime.Never, window),
        CopyExpiry = dueAt + window,
        DurableExpiry = dueAt + window + 1,
        FreshUntil = dueAt + window,
    };
}
