using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CascadeCache.Tests.DependencyInjection;

/// <summary>The options as they come out of a configuration section.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public void Every_setting_of_a_section_is_bound()
    {
        CascadeCacheOptions options = Bind(new()
        {
            ["Backends"] = "Memcache, Datastore",
            ["KeyPrefix"] = "app.",
            ["MaxMemcacheSessionSizeBytes"] = "4096",
            ["MaxValueBytes"] = "5000",
            ["CompressionThresholdBytes"] = "700",
            ["DefaultSlidingExpiration"] = "00:05:00",
            ["MaxStaleness"] = "00:30:00",
            ["Consistency"] = "Strict",
            ["MemcacheSlidingSlack"] = "0.5",
            ["DatastoreSlidingSlack"] = "0.75",
        });

        Assert.Equal(CascadeBackends.Distributed, options.Backends);
        Assert.Equal("app.", options.KeyPrefix);
        Assert.True(options.IsMaxMemcacheSessionSizeSet);
        Assert.Equal((4096, 5000, 700), (options.MaxMemcacheSessionSizeBytes, options.MaxValueBytes, options.CompressionThresholdBytes));
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30)), (options.DefaultSlidingExpiration, options.MaxStaleness));
        Assert.Equal(CascadeConsistency.Strict, options.Consistency);
        Assert.Equal((0.5, 0.75), (options.MemcacheSlidingSlack, options.DatastoreSlidingSlack));
    }

    [Fact]
    public void The_memcache_part_is_bound()
    {
        MemcacheOptions options = Bind(new()
        {
            ["Memcache:Servers:0"] = "one:1",
            ["Memcache:Servers:1"] = "two:2",
            ["Memcache:ConnectionsPerServer"] = "3",
            ["Memcache:ConnectTimeout"] = "00:00:04",
            ["Memcache:OperationTimeout"] = "00:00:01",
            ["Memcache:UseTls"] = "true",
            ["Memcache:UserName"] = "user",
            ["Memcache:Password"] = "secret",
        }).Memcache;

        Assert.Equal(["one:1", "two:2"], options.Servers);
        Assert.Equal(3, options.ConnectionsPerServer);
        Assert.Equal((TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1)), (options.ConnectTimeout, options.OperationTimeout));
        Assert.True(options.UseTls);
        Assert.Equal(("user", "secret"), (options.UserName, options.Password));
        Assert.True(Bind(new() { ["Memcache:Servers:0"] = "one", ["Memcache:AutoDiscovery"] = "true" }).Memcache.AutoDiscovery);
    }

    [Fact]
    public void The_Datastore_part_is_bound_except_for_the_credential()
    {
        DatastoreOptions options = Bind(new()
        {
            ["Datastore:ProjectId"] = "project",
            ["Datastore:DatabaseId"] = "database",
            ["Datastore:Namespace"] = "space",
            ["Datastore:Kind"] = "Kind",
            ["Datastore:Endpoint"] = "datastore.example:444",
            ["Datastore:OperationTimeout"] = "00:00:06",
            ["Datastore:Credential"] = "ignored",
        }).Datastore;

        Assert.Equal(("project", "database", "space", "Kind"), (options.ProjectId, options.DatabaseId, options.Namespace, options.Kind));
        Assert.Equal("datastore.example:444", options.Endpoint);
        Assert.Equal(TimeSpan.FromSeconds(6), options.OperationTimeout);
        Assert.Null(options.Credential);
        Assert.Equal("h:1", Bind(new() { ["Datastore:EmulatorHost"] = "h:1" }).Datastore.EmulatorHost);
    }

    [Theory]
    [InlineData("Memcache")]
    [InlineData("Datastore")]
    public void The_resilience_part_is_bound(string tier)
    {
        string path = $"Resilience:{tier}:";
        ResilienceOptions options = Bind(new()
        {
            ["Resilience:LateCommitAllowance"] = "00:00:30",
            [path + "TotalTimeout"] = "00:00:17",
            [path + "MaxRetryAttempts"] = "7",
            [path + "RetryBaseDelay"] = "00:00:01",
            [path + "RetryMaxDelay"] = "00:00:03",
            [path + "BreakerFailureRatio"] = "0.25",
            [path + "BreakerMinimumThroughput"] = "5",
            [path + "BreakerSamplingDuration"] = "00:00:20",
            [path + "BreakDuration"] = "00:00:08",
        }).Resilience;

        TierResilienceOptions bound = tier == "Memcache" ? options.Memcache : options.Datastore;
        Assert.Equal(TimeSpan.FromSeconds(30), options.LateCommitAllowance);
        Assert.Equal((TimeSpan.FromSeconds(17), 7), (bound.TotalTimeout, bound.MaxRetryAttempts));
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)), (bound.RetryBaseDelay, bound.RetryMaxDelay));
        Assert.Equal((0.25, 5), (bound.BreakerFailureRatio, bound.BreakerMinimumThroughput));
        Assert.Equal((TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(8)), (bound.BreakerSamplingDuration, bound.BreakDuration));
    }

    [Fact]
    public void What_the_section_leaves_out_keeps_its_default()
    {
        CascadeCacheOptions options = Bind(new() { ["Datastore:ProjectId"] = "p", ["Resilience:Datastore:TotalTimeout"] = "00:00:17" });
        var defaults = new CascadeCacheOptions();

        Assert.False(options.IsMaxMemcacheSessionSizeSet, "the environment variable would count no more");
        Assert.Empty(options.Memcache.Servers);
        Assert.Equal(defaults.KeyPrefix, options.KeyPrefix);
        Assert.Equal(defaults.Backends, options.Backends);
        Assert.Equal(defaults.Datastore.Kind, options.Datastore.Kind);
        Assert.Equal(defaults.Resilience.Datastore.MaxRetryAttempts, options.Resilience.Datastore.MaxRetryAttempts);
        Assert.Equal(defaults.Resilience.Memcache.TotalTimeout, options.Resilience.Memcache.TotalTimeout);
    }

    [Fact]
    public void Code_that_comes_later_wins_over_the_section()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddCascadeDistributedCache(Section(new() { ["KeyPrefix"] = "section.", ["MaxValueBytes"] = "5" }))
            .Configure<CascadeCacheOptions>(static options => options.KeyPrefix = "code.")
            .BuildServiceProvider();

        CascadeCacheOptions options = provider.GetRequiredService<IOptions<CascadeCacheOptions>>().Value;
        Assert.Equal(("code.", 5), (options.KeyPrefix, options.MaxValueBytes));
    }

    [Theory]
    [InlineData("MaxMemcacheSessionSizeBytes", "1MB")]
    [InlineData("Consistency", "Sometimes")]
    [InlineData("Resilience:Datastore:TotalTimeout", "soon")]
    public void A_setting_that_cannot_be_read_is_refused_with_its_path_and_value(string path, string value)
    {
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => Bind(new() { [path] = value }));

        Assert.Contains("CascadeCache:" + path, e.Message, StringComparison.Ordinal);
        Assert.Contains($"'{value}'", e.Message, StringComparison.Ordinal);
    }

    private static CascadeCacheOptions Bind(Dictionary<string, string?> settings)
    {
        using ServiceProvider provider = new ServiceCollection().AddCascadeDistributedCache(Section(settings)).BuildServiceProvider();
        return provider.GetRequiredService<IOptions<CascadeCacheOptions>>().Value;
    }

    private static IConfigurationSection Section(Dictionary<string, string?> settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.ToDictionary(static pair => "CascadeCache:" + pair.Key, static pair => pair.Value))
        .Build()
        .GetSection("CascadeCache");
}
