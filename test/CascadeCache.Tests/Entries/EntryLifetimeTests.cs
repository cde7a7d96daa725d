using CascadeCache.Entries;
using CsCheck;
using Microsoft.Extensions.Caching.Distributed;
using Xunit;

namespace CascadeCache.Tests.Entries;

public class EntryLifetimeTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan DefaultWindow = TimeSpan.FromMinutes(20);

    private static long NowMs => Now.ToUnixTimeMilliseconds();

    [Theory]
    [InlineData(null, null, null, null, 1_200_000)]
    [InlineData(null, null, 60, null, 60_000)]
    [InlineData(null, 30, null, 30_000, 0)]
    [InlineData(null, 30, 60, 30_000, 60_000)]
    [InlineData(90, null, null, 90_000, 0)]
    [InlineData(90, null, 60, 90_000, 60_000)]
    [InlineData(90, 30, null, 90_000, 0)]
    [InlineData(90, 30, 60, 90_000, 60_000)]
    public void Every_combination_of_options_has_its_meaning(int? relative, int? absolute, int? sliding, int? expectedFromNow, long expectedWindow)
    {
        var options = new DistributedCacheEntryOptions
        {
            AbsoluteExpirationRelativeToNow = relative is { } r ? TimeSpan.FromSeconds(r) : null,
            AbsoluteExpiration = absolute is { } a ? Now.AddSeconds(a) : null,
            SlidingExpiration = sliding is { } s ? TimeSpan.FromSeconds(s) : null,
        };

        EntryLifetime lifetime = EntryLifetime.FromOptions(options, Now, DefaultWindow);

        Assert.Equal(new EntryLifetime(expectedFromNow is { } e ? NowMs + e : EntryLifetime.Never, expectedWindow), lifetime);
    }

    [Fact]
    public void An_absolute_time_that_is_not_in_the_future_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => EntryLifetime.FromOptions(new() { AbsoluteExpiration = Now }, Now, DefaultWindow));
        Assert.Throws<ArgumentOutOfRangeException>(() => EntryLifetime.FromOptions(new() { AbsoluteExpiration = Now.AddTicks(-1) }, Now, DefaultWindow));
        Assert.Equal(NowMs + 1, EntryLifetime.FromOptions(new() { AbsoluteExpiration = Now.AddTicks(1) }, Now, DefaultWindow).AbsoluteAt);
    }

    [Fact]
    public void Less_than_a_millisecond_is_rounded_up()
    {
        EntryLifetime lifetime = EntryLifetime.FromOptions(
            new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromTicks(1), SlidingExpiration = TimeSpan.FromTicks(10_001) }, Now.AddTicks(1), DefaultWindow);

        Assert.Equal(2, lifetime.Window);
        Assert.InRange(lifetime.AbsoluteAt, NowMs + 1, NowMs + 2);
    }

    [Fact]
    public void An_absolute_expiration_never_comes_early() => Gen.Select(Gen.Long[0, 10_000_000], Gen.Long[1, long.MaxValue / 4]).Sample((offset, ticks) =>
    {
        DateTimeOffset now = Now.AddTicks(offset);
        EntryLifetime lifetime = EntryLifetime.FromOptions(new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromTicks(ticks) }, now, DefaultWindow);
        Int128 askedFor = (Int128)(now - DateTimeOffset.UnixEpoch).Ticks + ticks;
        Assert.True((Int128)lifetime.AbsoluteAt * TimeSpan.TicksPerMillisecond >= askedFor);
        Assert.True(lifetime.AbsoluteAt == EntryLifetime.Never || (lifetime.AbsoluteAt - 2) * (Int128)TimeSpan.TicksPerMillisecond < askedFor);
    });

    [Fact]
    public void More_than_thirty_days_are_exact()
    {
        EntryLifetime lifetime = EntryLifetime.FromOptions(new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromDays(400) }, Now, DefaultWindow);

        Assert.Equal(Now.AddDays(400).ToUnixTimeMilliseconds(), lifetime.AbsoluteAt);
    }

    [Fact]
    public void A_time_beyond_every_date_is_never()
    {
        Assert.Equal(EntryLifetime.Never, EntryLifetime.FromOptions(new() { AbsoluteExpirationRelativeToNow = TimeSpan.MaxValue }, Now, DefaultWindow).AbsoluteAt);
        Assert.Equal(EntryLifetime.Never, new EntryLifetime(EntryLifetime.Never, long.MaxValue / 2).CopyExpiry(NowMs, 1));
        Assert.Null(EntryLifetime.ToDate(EntryLifetime.Never));
        Assert.Equal(Now, EntryLifetime.ToDate(NowMs));
    }

    [Fact]
    public void The_last_date_there_is_is_a_time_and_one_millisecond_more_is_never()
    {
        long last = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
        TimeSpan untilLast = TimeSpan.FromMilliseconds(last - NowMs);

        Assert.NotNull(EntryLifetime.ToDate(last));
        Assert.Null(EntryLifetime.ToDate(last + 1));
        Assert.Equal(last, Relative(untilLast).AbsoluteAt);
        Assert.Equal(EntryLifetime.Never, Relative(untilLast + TimeSpan.FromMilliseconds(1)).AbsoluteAt);

        static EntryLifetime Relative(TimeSpan span) => EntryLifetime.FromOptions(new() { AbsoluteExpirationRelativeToNow = span }, Now, DefaultWindow);
    }

    [Fact]
    public void A_relative_time_beyond_every_date_without_sliding_does_not_slide() =>
        Assert.False(EntryLifetime.FromOptions(new() { AbsoluteExpirationRelativeToNow = TimeSpan.MaxValue }, Now, DefaultWindow).IsSliding);

    [Theory]
    [InlineData(0, 60_000)]
    [InlineData(0.25, 75_000)]
    [InlineData(1, 120_000)]
    public void A_copy_lives_for_its_window_and_the_slack(double slack, long expected) =>
        Assert.Equal(NowMs + expected, new EntryLifetime(EntryLifetime.Never, 60_000).CopyExpiry(NowMs, slack));

    [Theory]
    [InlineData(0)]
    [InlineData(0.25)]
    public void A_copy_that_does_not_slide_lives_until_the_absolute_time(double slack) =>
        Assert.Equal(NowMs + 30_000, new EntryLifetime(NowMs + 30_000, 0).CopyExpiry(NowMs, slack));

    [Fact]
    public void A_copy_never_outlives_the_absolute_time_and_never_expires_before_its_window() =>
        Gen.Select(Gen.Long[1, 1L << 45], Gen.Long[1, 1L << 42], Gen.Double[0, 1]).Sample((untilAbsolute, window, slack) =>
        {
            var lifetime = new EntryLifetime(NowMs + untilAbsolute, window);
            long expiry = lifetime.CopyExpiry(NowMs, slack);
            Assert.True(expiry <= lifetime.AbsoluteAt);
            Assert.True(expiry >= Math.Min(lifetime.AbsoluteAt, NowMs + window));
        });

    [Fact]
    public void A_slide_is_due_when_less_than_the_window_is_left()
    {
        var lifetime = new EntryLifetime(EntryLifetime.Never, 60_000);

        Assert.Equal(NowMs + 15_000, lifetime.SlideDueAt(NowMs + 75_000));
        Assert.Equal(EntryLifetime.Never, new EntryLifetime(NowMs, 60_000).SlideDueAt(NowMs)); // lives to the end already
        Assert.Equal(EntryLifetime.Never, new EntryLifetime(NowMs, 0).SlideDueAt(NowMs - 1));
    }
}
