using CascadeCache.Flow;

namespace CascadeCache.Tests.Flow;

public sealed class FlowSettingsTests
{
    [Theory]
    [InlineData(-1, long.MaxValue)]
    [InlineData(0, long.MaxValue)]
    [InlineData(1, 1)]
    [InlineData(4096, 4096)]
    public void A_limit_that_is_not_positive_is_none(long given, long meant)
    {
        FlowSettings settings = Settings(o => (o.MaxMemcacheSessionSizeBytes, o.MaxValueBytes) = (given, given));

        Assert.Equal((meant, meant), (settings.MaxMemcacheBytes, settings.MaxValueBytes));
    }

    [Fact]
    public void The_limit_of_the_environment_is_read_where_it_is_given()
    {
        var settings = new FlowSettings(new CascadeCacheOptions(), TimeSpan.Zero, static name => name == "MaxMemcacheSessionSizeBytes" ? "123" : null);

        Assert.Equal(123, settings.MaxMemcacheBytes);
    }

    [Theory]
    [InlineData(10_000, 20_000, 31, 1_000)]
    [InlineData(10_000, 20_001, 32, 1_999)]
    [InlineData(9_500, 20_000, 31, 1_500)]
    [InlineData(10_000, 0, 11, 1_000)]
    public void A_lock_lasts_for_the_commit_its_lateness_and_a_second_in_whole_seconds(int deadline, int lateness, int seconds, int ageAtCommit)
    {
        FlowSettings settings = Settings(o => o.Resilience.LateCommitAllowance = TimeSpan.FromMilliseconds(lateness), TimeSpan.FromMilliseconds(deadline));

        Assert.Equal((seconds, TimeSpan.FromSeconds(seconds)), (settings.LockSeconds, settings.LockTime));
        Assert.Equal(TimeSpan.FromMilliseconds(ageAtCommit), settings.MaxLockAgeAtCommit);
    }

    [Theory]
    [InlineData(CascadeConsistency.Available, false)]
    [InlineData(CascadeConsistency.Strict, true)]
    public void The_mode_is_the_one_that_was_chosen(CascadeConsistency consistency, bool strict) =>
        Assert.Equal(strict, Settings(o => o.Consistency = consistency).IsStrict);

    private static FlowSettings Settings(Action<CascadeCacheOptions> configure, TimeSpan? deadline = null)
    {
        var options = new CascadeCacheOptions();
        configure(options);
        return new FlowSettings(options, deadline ?? TimeSpan.FromSeconds(10));
    }
}
