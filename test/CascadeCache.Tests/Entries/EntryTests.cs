using CascadeCache.Entries;
using Xunit;

namespace CascadeCache.Tests.Entries;

public class EntryTests
{
    private const long Window = 60_000;

    [Theory]
    [InlineData(1_000, 2_000, 999, false)]
    [InlineData(1_000, 2_000, 1_000, true)]
    [InlineData(2_000, 1_000, 999, false)]
    [InlineData(2_000, 1_000, 1_000, true)]
    [InlineData(1_000, 1_000, 1_001, true)]
    public void A_copy_ends_with_its_expiry_or_with_its_freshness_whichever_comes_first(long copyExpiry, long freshUntil, long now, bool expired) =>
        Assert.Equal(expired, Copy(copyExpiry, durableExpiry: 9_000, freshUntil).IsExpired(now));

    [Theory]
    [InlineData(100_000, 200_000, 40_000)]
    [InlineData(200_000, 100_000, 40_000)]
    public void A_slide_is_due_when_one_of_the_two_copies_needs_it(long copyExpiry, long durableExpiry, long dueAt) =>
        Assert.Equal(dueAt, Copy(copyExpiry, durableExpiry, freshUntil: 0).SlideDueAt);

    private static Entry Copy(long copyExpiry, long durableExpiry, long freshUntil) => new()
    {
        Kind = EntryKind.Value,
        Version = 1,
        Lifetime = new EntryLifetime(EntryLifetime.Never, Window),
        CopyExpiry = copyExpiry,
        DurableExpiry = durableExpiry,
        FreshUntil = freshUntil,
    };
}
