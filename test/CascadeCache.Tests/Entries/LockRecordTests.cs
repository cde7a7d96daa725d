using CascadeCache.Entries;
using CsCheck;
using Xunit;

namespace CascadeCache.Tests.Entries;

public class LockRecordTests
{
    private static readonly Guid A = new(1, 0, 0, new byte[8]);
    private static readonly Guid B = new(2, 0, 0, new byte[8]);

    [Fact]
    public void A_writer_alone_is_not_contended()
    {
        LockRecord record = LockRecord.Empty(contended: false).With(A, 31);

        Assert.False(record.Contended);
        Assert.True(record.IsHeldBy(A));
        Assert.False(record.IsHeldBy(B));
        Assert.Equal(31, record.SecondsLeft);
        Assert.Equal(21, record.Size);
    }

    [Fact]
    public void Two_writers_are_contended_and_whoever_remains_stays_so()
    {
        LockRecord both = LockRecord.Empty(contended: false).With(A, 31).With(B, 31);
        LockRecord rest = both.Without(A);

        Assert.True(both.Contended);
        Assert.True(rest.Contended);
        Assert.True(rest.IsHeldBy(B) && !rest.IsHeldBy(A));
        Assert.False(rest.IsEmpty);
        Assert.True(rest.Without(B).IsEmpty);
        Assert.True(rest.Without(B).With(A, 31).Contended);
    }

    [Fact]
    public void A_lock_that_is_made_contended_keeps_its_holders_and_their_time()
    {
        LockRecord alone = LockRecord.Empty(contended: false).With(A, 31);

        LockRecord warned = alone.AsContended();

        Assert.True(warned.Contended);
        Assert.True(warned.IsHeldBy(A));
        Assert.Equal(31, warned.SecondsLeft);
        Assert.False(alone.Contended);
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(LockRecord.MaxSeconds + 1, true)]
    [InlineData(LockRecord.MaxSeconds + 2, false)]
    public void A_lock_has_an_end_that_fits_its_seconds(int secondsToLive, bool canLive) => Assert.Equal(canLive, LockRecord.CanLive(secondsToLive));

    [Fact]
    public void A_writer_that_comes_again_is_there_once()
    {
        LockRecord record = LockRecord.Empty(contended: false).With(A, 10).With(A, 31);

        Assert.False(record.Contended);
        Assert.Equal(31, record.SecondsLeft);
        Assert.True(record.Without(A).IsEmpty);
    }

    [Fact]
    public void The_bytes_are_the_documented_ones()
    {
        byte[] bytes = Bytes(LockRecord.Empty(contended: true).With(A, 0x1234));

        Assert.Equal("C10401" + "01000000000000000000000000000000" + "3412", Convert.ToHexString(bytes));
    }

    [Fact]
    public void What_is_written_is_read() =>
        Gen.Select(Gen.Bool, Gen.Select(Gen.Guid, Gen.Int[1, LockRecord.MaxSeconds]).Array[0, 8]).Sample((contended, holders) =>
        {
            LockRecord record = holders.Aggregate(LockRecord.Empty(contended), (r, h) => r.With(h.Item1, h.Item2));
            LockRecord read = LockRecord.Read(Bytes(record), record.SecondsLeft + 1);
            Assert.Equal(record.Contended, read.Contended);
            Assert.Equal(record.IsEmpty, read.IsEmpty);
            Assert.All(holders, h => Assert.True(read.IsHeldBy(h.Item1)));
            Assert.Equal(Bytes(record), Bytes(read));
        });

    [Fact]
    public void A_holder_whose_time_has_run_out_is_dropped_and_the_rest_counts_as_contended()
    {
        LockRecord record = LockRecord.Empty(contended: false).With(A, 10).With(B, 31);

        LockRecord read = LockRecord.Read(Bytes(record), secondsToLive: 32 - 12);

        Assert.False(read.IsHeldBy(A));
        Assert.True(read.IsHeldBy(B));
        Assert.True(read.Contended);
    }

    [Fact]
    public void A_writer_that_died_alone_leaves_the_next_one_contended()
    {
        // It may have committed, or its commit may still be on the way: a value published over it could be the older one. Its lock ends with it,
        // so that as long as the item is there the next writer finds the dead one in it.
        LockRecord read = LockRecord.Read(Bytes(LockRecord.Empty(contended: false).With(A, 5)), secondsToLive: 1);

        Assert.True(read.IsHeldBy(A));
        Assert.True(read.With(B, 31).Contended);
    }

    [Fact]
    public void No_holder_is_dropped_before_its_time() =>
        Gen.Select(Gen.Int[1, 100], Gen.Int[1, 100], Gen.Int[0, 100]).Sample((first, second, elapsed) =>
        {
            LockRecord record = LockRecord.Empty(contended: false).With(A, first).With(B, second);
            int stored = record.SecondsLeft + 1;

            // The server's clock ticks in whole seconds: what it shows may be one less than what is really left.
            LockRecord read = LockRecord.Read(Bytes(record), Math.Max(0, stored - elapsed - 1));
            if (elapsed < first)
            {
                Assert.True(read.IsHeldBy(A));
            }

            if (elapsed < second)
            {
                Assert.True(read.IsHeldBy(B));
            }
        });

    [Fact]
    public void However_often_it_is_rewritten_a_holder_is_dropped_within_two_seconds_after_its_time_and_never_before() =>
        Gen.Select(Gen.Int[0, 999], Gen.Int[0, 1200].Array[1, 60]).Sample((start, steps) =>
        {
            const int Seconds = 10;
            long now = start;
            LockRecord record = LockRecord.Empty(contended: false).With(A, Seconds);
            foreach (int step in steps)
            {
                record = record.With(B, 31);
                long expiryTick = (now / 1000) + record.SecondsLeft + 1;
                now += step;
                record = LockRecord.Read(Bytes(record), (int)(expiryTick - (now / 1000)));
                long elapsed = now - start;
                Assert.True(elapsed < Seconds * 1000 ? record.IsHeldBy(A) : elapsed < (Seconds + 2) * 1000 || !record.IsHeldBy(A), $"after {elapsed} ms");
            }
        });

    [Fact]
    public void Bytes_that_are_no_lock_are_a_contended_lock_of_nobody() => Gen.Byte.Array[0, 60].Sample(bytes =>
    {
        LockRecord read = LockRecord.Read(bytes, 10);
        Assert.True(read.Contended);
        Assert.True(read.IsEmpty);
    });

    private static byte[] Bytes(LockRecord record)
    {
        byte[] bytes = new byte[record.Size];
        record.Write(bytes);
        return bytes;
    }
}
