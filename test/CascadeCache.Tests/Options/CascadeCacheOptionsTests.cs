namespace CascadeCache.Tests;

/// <summary>What the options are when nobody sets them, and what the environment adds.</summary>
public sealed class CascadeCacheOptionsTests
{
    [Fact]
    public void General_defaults_are_the_documented_ones()
    {
        var options = new CascadeCacheOptions();

        Assert.Equal(CascadeBackends.Memcache | CascadeBackends.Datastore, options.Backends);
        Assert.Equal("session.", options.KeyPrefix);
        Assert.Equal(1_048_576, options.MaxMemcacheSessionSizeBytesIn(Nothing));
        Assert.Equal(0, options.MaxValueBytes);
        Assert.Equal(TimeSpan.FromMinutes(20), options.DefaultSlidingExpiration);
        Assert.Equal(TimeSpan.FromHours(1), options.MaxStaleness);
        Assert.Equal(CascadeConsistency.Available, options.Consistency);
        Assert.Equal(0.0625, options.MemcacheSlidingSlack);
        Assert.Equal(0.25, options.DatastoreSlidingSlack);
        Assert.Empty(CascadeCacheOptionsValidator.FaultsOf(options, Nothing));
    }

    [Fact]
    public void Tier_defaults_are_the_documented_ones()
    {
        var options = new CascadeCacheOptions();

        Assert.Empty(options.Memcache.Servers);
        Assert.Equal(1, options.Memcache.ConnectionsPerServer);
        Assert.Equal(TimeSpan.FromSeconds(1), options.Memcache.ConnectTimeout);
        Assert.Equal(TimeSpan.FromMilliseconds(500), options.Memcache.OperationTimeout);
        Assert.False(options.Memcache.UseTls);
        Assert.False(options.Memcache.AutoDiscovery);
        Assert.Null(options.Memcache.UserName);
        Assert.Null(options.Memcache.Password);

        Assert.Null(options.Datastore.ProjectId);
        Assert.Equal("", options.Datastore.DatabaseId);
        Assert.Equal("", options.Datastore.Namespace);
        Assert.Equal("Session", options.Datastore.Kind);
        Assert.Null(options.Datastore.Endpoint);
        Assert.Null(options.Datastore.EmulatorHost);
        Assert.Null(options.Datastore.Credential);
        Assert.Equal(TimeSpan.FromSeconds(5), options.Datastore.OperationTimeout);
    }

    [Fact]
    public void Resilience_defaults_are_the_documented_ones()
    {
        ResilienceOptions options = new CascadeCacheOptions().Resilience;

        Assert.Equal(TimeSpan.FromSeconds(20), options.LateCommitAllowance);
        Assert.Equal((TimeSpan.FromSeconds(1.5), 1, TimeSpan.FromSeconds(2)), MainOf(options.Memcache));
        Assert.Equal((TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(100)), (options.Memcache.RetryBaseDelay, options.Memcache.RetryMaxDelay));
        Assert.Equal((TimeSpan.FromSeconds(10), 4, TimeSpan.FromSeconds(5)), MainOf(options.Datastore));
        Assert.Equal((TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2)), (options.Datastore.RetryBaseDelay, options.Datastore.RetryMaxDelay));
        foreach (TierResilienceOptions tier in (TierResilienceOptions[])[options.Memcache, options.Datastore])
        {
            Assert.Equal((0.5, 10, TimeSpan.FromSeconds(10)), (tier.BreakerFailureRatio, tier.BreakerMinimumThroughput, tier.BreakerSamplingDuration));
        }
    }

    [Fact]
    public void Backends_have_the_documented_numbers()
    {
        Assert.Equal([1, 2, 4, 6, 7], Enum.GetValues<CascadeBackends>().Select(static backend => (int)backend));
        Assert.Equal(CascadeBackends.All, CascadeBackends.Request | CascadeBackends.Distributed);
    }

    [Theory]
    [InlineData(null, 1_048_576)]
    [InlineData("", 1_048_576)]
    [InlineData("  ", 1_048_576)]
    [InlineData("4096", 4096)]
    [InlineData(" 4096 ", 4096)]
    [InlineData("0", 0)]
    [InlineData("-1", -1)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void The_environment_sets_the_size_limit(string? variable, long expected)
    {
        var options = new CascadeCacheOptions();

        Assert.Equal(expected, options.MaxMemcacheSessionSizeBytesIn(Only(variable)));
        Assert.Empty(CascadeCacheOptionsValidator.FaultsOf(options, Only(variable)));
    }

    [Theory]
    [InlineData("1MB")]
    [InlineData("1,048,576")]
    [InlineData("1.5")]
    [InlineData("0x10")]
    [InlineData("9223372036854775808")]
    public void A_size_limit_that_is_no_number_is_refused_with_its_name_and_value(string variable)
    {
        string fault = Assert.Single(CascadeCacheOptionsValidator.FaultsOf(new CascadeCacheOptions(), Only(variable)));

        Assert.Contains("environment variable MaxMemcacheSessionSizeBytes", fault, StringComparison.Ordinal);
        Assert.Contains($"'{variable}'", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(77)]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(1_048_576)]
    public void The_option_wins_over_the_environment(long option)
    {
        var options = new CascadeCacheOptions { MaxMemcacheSessionSizeBytes = option };

        Assert.Equal(option, options.MaxMemcacheSessionSizeBytesIn(Only("4096")));
        Assert.Equal(option, options.MaxMemcacheSessionSizeBytes);
        Assert.Empty(CascadeCacheOptionsValidator.FaultsOf(options, Only("nonsense")));
    }

    [Fact]
    public void The_cache_reads_the_environment_that_it_is_given()
    {
        using var cache = new CascadeDistributedCache(new CascadeCacheOptions(), new CacheSurroundings { Environment = Only("4096") });

        Assert.Equal(4096, cache.Parts.Services.Settings.MaxMemcacheBytes);
    }

    private static (TimeSpan Total, int Retries, TimeSpan Break) MainOf(TierResilienceOptions tier) => (tier.TotalTimeout, tier.MaxRetryAttempts, tier.BreakDuration);

    private static string? Nothing(string name) => null;

    private static Func<string, string?> Only(string? value) => name => name == "MaxMemcacheSessionSizeBytes" ? value : null;
}
