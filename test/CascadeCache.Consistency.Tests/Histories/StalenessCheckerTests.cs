using CascadeCache.TestKit.Histories;

namespace CascadeCache.Consistency.Tests.Histories;

/// <summary>What may be stale, for whom and for how long, when availability comes first.</summary>
public sealed class StalenessCheckerTests
{
    private const long Bound = 100;

    [Theory]
    [InlineData("w1:0-1 r1:2-3")]
    [InlineData("w1:0-1 w2x:2-20 r1:3-4@2 r1:10-19@2")] // nothing newer is acknowledged
    [InlineData("r0:5-6 w1:7-8")]
    [InlineData("w1:0-1 w0:2-3 r0:4-5")]
    [InlineData("u1:0-1 w2:2-3 r1:4-5@2")] // an unknown write may have landed last
    [InlineData("u0:0-1 w2:2-3 r0:4-5@2")]
    [InlineData("w1:0-5 w2:4-9 r1:10-11@2")] // they overlap: either may be the older one
    public void Nothing_to_report(string history) => Assert.Empty(StalenessChecker.Check(HistoryText.Parse(history), Bound));

    [Theory]
    [InlineData("w1:0-1 w2x:2-3 r1:50-51@2", 47)]
    [InlineData("w1:0-1 w2x:2-3 w3x:60-61 r1:90-91@2", 87)] // the age counts from the first one that was missed
    [InlineData("w1:0-1 w0x:2-3 r1:50-51@2", 47)]
    [InlineData("w1x:2-3 r0:50-51@2", 47)]
    public void Stale_within_the_bound_after_a_write_that_was_cut_off(string history, long age)
    {
        StaleRead stale = Assert.Single(StalenessChecker.Check(HistoryText.Parse(history), Bound));

        Assert.Null(stale.Reason);
        Assert.Equal(age, stale.Age);
    }

    [Theory]
    [InlineData("w1:0-1 w2x:2-3 r1:104-105@2", "bound")]
    [InlineData("w1:0-1 w2x:2-3 r1:50-51@1", "own process")]
    [InlineData("w1:0-1 w2:2-3 r1:4-5@2", "not cut off")]
    [InlineData("w1:0-1 w2x:2-3 w3:4-5@3 r2:6-7@2", "not cut off")]
    [InlineData("w1:0-1 w0:2-3 w2x:4-5 r1:6-7@2", "not cut off")]
    [InlineData("w1:0-1 r0:2-3@2", "not cut off")]
    [InlineData("r7:0-1", "nobody wrote")]
    [InlineData("f1:0-1 r1:2-3", "not made")]
    [InlineData("r1:0-1 w1:2-3", "before its write")]
    public void Violations(string history, string reason) =>
        Assert.Contains(reason, Assert.Single(StalenessChecker.Check(HistoryText.Parse(history), Bound)).Reason, StringComparison.Ordinal);
}
