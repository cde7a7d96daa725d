namespace CascadeCache.Tests;

public sealed class CacheSurroundingsTests
{
    [Fact]
    public void Delays_of_a_cache_that_was_given_no_randomness_still_differ()
    {
        Func<double> random = new CacheSurroundings().Random;
        double[] drawn = [.. Enumerable.Range(0, 100).Select(_ => random())];

        Assert.All(drawn, static number => Assert.InRange(number, 0, 1));
        Assert.True(drawn.Distinct().Count() > 90);
    }
}
