using CascadeCache.TestKit.Histories;

namespace CascadeCache.Consistency.Tests.Histories;

/// <summary>A value can be replaced once.</summary>
public sealed class ReplacementsTests
{
    [Theory]
    [InlineData("w1:0-1 w2/1:2-3 w3/2:4-5", null)]
    [InlineData("w1:0-1 w2/1:2-3 w3/1:2-4", 3L)]
    [InlineData("w1:0-1 w2/1:2-3 u3/1:2-4", null)]
    [InlineData("w1/0:0-1 w0:2-3 w2/0:4-5", null)]
    public void The_second_one_is_found(string history, long? second) =>
        Assert.Equal(second, Replacements.SecondOfOneValue(HistoryText.Parse(history))?.Value);
}
