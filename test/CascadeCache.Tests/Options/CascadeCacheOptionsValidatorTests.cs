using CascadeCache.Emulators;
using Google.Apis.Auth.OAuth2;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Options;

namespace CascadeCache.Tests;

/// <summary>Every check of the validator: what is refused, by which name it is called, and what is just right.</summary>
public sealed class CascadeCacheOptionsValidatorTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static readonly Dictionary<string, (string Says, Action<CascadeCacheOptions> Set)> Faults = new()
    {
        ["no tier"] = ("Backends is '0'", o => o.Backends = 0),
        ["unknown tier"] = ("Backends is '14'", o => o.Backends = (CascadeBackends)14),
        ["request tier that nobody provides"] = ("Backends includes Request", o => o.Backends = CascadeBackends.All),
        ["request tier alone that nobody provides"] = ("Backends includes Request", o => o.Backends = CascadeBackends.Request),
        ["no prefix"] = ("KeyPrefix is null", o => o.KeyPrefix = null!),
        ["long prefix"] = ("KeyPrefix is too long", o => o.KeyPrefix = new string('p', 513)),
        ["negative value limit"] = ("MaxValueBytes is '-1'", o => o.MaxValueBytes = -1),
        ["negative compression threshold"] = ("CompressionThresholdBytes is '-1'", o => o.CompressionThresholdBytes = -1),
        ["no sliding expiration"] = ("DefaultSlidingExpiration is '00:00:00'", o => o.DefaultSlidingExpiration = TimeSpan.Zero),
        ["short staleness"] = ("MaxStaleness is '00:00:00.9999999'", o => o.MaxStaleness = TimeSpan.FromSeconds(1) - Tick),
        ["unknown consistency"] = ("Consistency is '2'", o => o.Consistency = (CascadeConsistency)2),
        ["negative memcache slack"] = ("MemcacheSlidingSlack is '-0.1'", o => o.MemcacheSlidingSlack = -0.1),
        ["memcache slack over 1"] = ("MemcacheSlidingSlack is '1.5'", o => o.MemcacheSlidingSlack = 1.5),
        ["memcache slack not a number"] = ("MemcacheSlidingSlack is 'NaN'", o => o.MemcacheSlidingSlack = double.NaN),
        ["negative Datastore slack"] = ("DatastoreSlidingSlack is '-0.1'", o => o.DatastoreSlidingSlack = -0.1),
        ["Datastore slack over 1"] = ("DatastoreSlidingSlack is '1.5'", o => o.DatastoreSlidingSlack = 1.5),
        ["Datastore slack not a number"] = ("DatastoreSlidingSlack is 'NaN'", o => o.DatastoreSlidingSlack = double.NaN),

        ["no server name"] = ("Memcache.Servers: ''", o => o.Memcache.Servers.Add("")),
        ["null server"] = ("Memcache.Servers: ''", o => o.Memcache.Servers.Add(null!)),
        ["server with a scheme"] = ("Memcache.Servers: 'tcp://cache:1'", o => o.Memcache.Servers.Add("tcp://cache:1")),
        ["server with a bad port"] = ("Memcache.Servers: 'cache:65536'", o => o.Memcache.Servers.Add("cache:65536")),
        ["discovery without a server"] = ("Memcache.AutoDiscovery needs one server, the discovery endpoint; Memcache.Servers has 0", o => o.Memcache.AutoDiscovery = true),
        ["no connection"] = ("Memcache.ConnectionsPerServer is '0'", o => o.Memcache.ConnectionsPerServer = 0),
        ["many connections"] = ("Memcache.ConnectionsPerServer is '65'", o => o.Memcache.ConnectionsPerServer = 65),
        ["short connect time-out"] = ("Memcache.ConnectTimeout is '00:00:00.0090000'", o => o.Memcache.ConnectTimeout = TimeSpan.FromMilliseconds(9)),
        ["long connect time-out"] = ("Memcache.ConnectTimeout is '01:00:00.0000001'", o => o.Memcache.ConnectTimeout = Hour + Tick),
        ["short memcache time-out"] = ("Memcache.OperationTimeout is '00:00:00'", o => o.Memcache.OperationTimeout = TimeSpan.Zero),
        ["user without password"] = ("Memcache.UserName and Memcache.Password go together", o => o.Memcache.UserName = "u"),
        ["password without user"] = ("Memcache.UserName and Memcache.Password go together", o => o.Memcache.Password = "p"),
        ["empty user"] = ("Memcache.UserName must not", o => (o.Memcache.UserName, o.Memcache.Password) = ("", "p")),
        ["user with a blank"] = ("Memcache.UserName must not", o => (o.Memcache.UserName, o.Memcache.Password) = ("a b", "p")),
        ["password of two lines"] = ("Memcache.Password must not", o => (o.Memcache.UserName, o.Memcache.Password) = ("u", "p\r\nq")),

        ["emulator and endpoint"] = ("Datastore.EmulatorHost and Datastore.Endpoint", o => (o.Datastore.EmulatorHost, o.Datastore.Endpoint) = ("h:1", "h:2")),
        ["emulator and credential"] = ("Datastore.EmulatorHost and Datastore.Credential", o => (o.Datastore.EmulatorHost, o.Datastore.Credential) = ("h:1", GoogleCredential.FromAccessToken("t"))),
        ["emulator without port"] = ("Datastore.EmulatorHost is \"h\"", o => o.Datastore.EmulatorHost = "h"),
        ["endpoint without TLS"] = ("Datastore.Endpoint is \"http://h\"", o => o.Datastore.Endpoint = "http://h"),
        ["endpoint with a path"] = ("Datastore.Endpoint is \"https://h/v1\"", o => o.Datastore.Endpoint = "https://h/v1"),
        ["short Datastore time-out"] = ("Datastore.OperationTimeout is '00:00:00'", o => o.Datastore.OperationTimeout = TimeSpan.Zero),
        ["no kind"] = ("Datastore.Kind is ''", o => o.Datastore.Kind = ""),
        ["null kind"] = ("Datastore.Kind is ''", o => o.Datastore.Kind = null!),
        ["reserved kind"] = ("Datastore.Kind is '__x__'", o => o.Datastore.Kind = "__x__"),
        ["kind of 1,501 bytes"] = ("Datastore.Kind is 'é", o => o.Datastore.Kind = new string('é', 750) + "e"),
        ["null namespace"] = ("Datastore.Namespace is ''", o => o.Datastore.Namespace = null!),
        ["namespace with a blank"] = ("Datastore.Namespace is 'a b'", o => o.Datastore.Namespace = "a b"),
        ["long namespace"] = ("Datastore.Namespace is 'nnn", o => o.Datastore.Namespace = new string('n', 101)),
        ["reserved namespace"] = ("Datastore.Namespace is '__n__'", o => o.Datastore.Namespace = "__n__"),
        ["null database"] = ("Datastore.DatabaseId is ''", o => o.Datastore.DatabaseId = null!),
        ["database by its display name"] = ("Datastore.DatabaseId is '(default)'", o => o.Datastore.DatabaseId = "(default)"),
        ["blank project"] = ("Datastore.ProjectId is ' '", o => o.Datastore.ProjectId = " "),
        ["negative allowance"] = ("Resilience.LateCommitAllowance is '-00:00:00.0000001'", o => o.Resilience.LateCommitAllowance = -Tick),
        ["long allowance"] = ("Resilience.LateCommitAllowance is '01:00:00.0000001'", o => o.Resilience.LateCommitAllowance = Hour + Tick),
    };

    private static readonly Dictionary<string, Action<TierResilienceOptions>> TierFaults = new()
    {
        ["TotalTimeout is '01:00:00.0000001'"] = t => t.TotalTimeout = Hour + Tick,
        ["TotalTimeout is '00:00:00.0200000': expected at least"] = t => t.TotalTimeout = TimeSpan.FromMilliseconds(20),
        ["MaxRetryAttempts is '-1'"] = t => t.MaxRetryAttempts = -1,
        ["MaxRetryAttempts is '21'"] = t => t.MaxRetryAttempts = 21,
        ["RetryBaseDelay is '-00:00:00.0000001'"] = t => t.RetryBaseDelay = -Tick,
        ["RetryMaxDelay is '01:00:00.0000001'"] = t => t.RetryMaxDelay = Hour + Tick,
        ["RetryMaxDelay is '00:00:00'"] = t => t.RetryMaxDelay = TimeSpan.Zero,
        ["BreakerFailureRatio is '0'"] = t => t.BreakerFailureRatio = 0,
        ["BreakerFailureRatio is '1.5'"] = t => t.BreakerFailureRatio = 1.5,
        ["BreakerFailureRatio is 'NaN'"] = t => t.BreakerFailureRatio = double.NaN,
        ["BreakerMinimumThroughput is '1'"] = t => t.BreakerMinimumThroughput = 1,
        ["BreakerSamplingDuration is '00:00:00.4990000'"] = t => t.BreakerSamplingDuration = TimeSpan.FromMilliseconds(499),
        ["BreakDuration is '1.00:00:00.0000001'"] = t => t.BreakDuration = TimeSpan.FromDays(1) + Tick,
    };

    public static TheoryData<string> FaultNames => [.. Faults.Keys];

    public static TheoryData<string, string> TierFaultNames
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (string fault in TierFaults.Keys)
            {
                rows.Add("Memcache", fault);
                rows.Add("Datastore", fault);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(FaultNames))]
    public void A_fault_is_refused_by_its_name(string name)
    {
        var options = new CascadeCacheOptions();
        Faults[name].Set(options);

        Assert.StartsWith(Faults[name].Says, Assert.Single(FaultsOf(options)), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(TierFaultNames))]
    public void A_fault_of_a_tiers_resilience_is_refused_by_its_name(string tier, string fault)
    {
        var options = new CascadeCacheOptions();
        TierFaults[fault](tier == "Memcache" ? options.Resilience.Memcache : options.Resilience.Datastore);

        Assert.StartsWith($"Resilience.{tier}.{fault}", Assert.Single(FaultsOf(options)), StringComparison.Ordinal);
    }

    [Fact]
    public void Discovery_with_two_servers_is_refused()
    {
        var options = new CascadeCacheOptions { Memcache = { AutoDiscovery = true, Servers = { "a", "b" } } };

        Assert.Contains("Memcache.Servers has 2", Assert.Single(FaultsOf(options)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_emulator_variable_is_refused_by_its_name()
    {
        string fault = Assert.Single(CascadeCacheOptionsValidator.FaultsOf(new CascadeCacheOptions(), name => name == "DATASTORE_EMULATOR_HOST" ? "h" : null));

        Assert.Contains("DATASTORE_EMULATOR_HOST is \"h\"", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_of_a_tier_that_is_not_used_do_not_count()
    {
        var options = new CascadeCacheOptions { Backends = CascadeBackends.Memcache, Datastore = { Kind = "" }, Resilience = { Datastore = { MaxRetryAttempts = 99 } } };
        Assert.Empty(FaultsOf(options));

        options = new CascadeCacheOptions { Backends = CascadeBackends.Datastore, Memcache = { ConnectionsPerServer = 0 }, Resilience = { Memcache = { MaxRetryAttempts = 99 } } };
        Assert.Empty(FaultsOf(options));
    }

    [Fact]
    public void All_faults_are_listed_at_once_and_stop_the_constructor()
    {
        var options = new CascadeCacheOptions
        {
            MaxValueBytes = -1,
            Memcache = { ConnectionsPerServer = 0, Servers = { "a:0", "b:x" } },
            Datastore = { Kind = "" },
            Resilience = { Memcache = { MaxRetryAttempts = 99 } },
        };

        OptionsValidationException e = Assert.Throws<OptionsValidationException>(() => new CascadeDistributedCache(options));
        string[] names = ["MaxValueBytes", "Memcache.Servers: 'a:0'", "Memcache.Servers: 'b:x'", "Memcache.ConnectionsPerServer", "Resilience.Memcache.MaxRetryAttempts", "Datastore.Kind"];
        Assert.Equal(names.Length, e.Failures.Count());
        Assert.All(names.Zip(e.Failures), static pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
        Assert.All(names, name => Assert.Contains(name, e.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void The_smallest_and_the_largest_settings_make_a_cache()
    {
        foreach (bool largest in (bool[])[false, true])
        {
            CascadeCacheOptions options = Extreme(largest);
            Assert.Empty(FaultsOf(options));
            using var cache = new CascadeDistributedCache(options, new CacheSurroundings { Environment = static _ => null });
            Assert.Equal(0, cache.GetStatistics().MemcacheHits);
        }
    }

    [Fact]
    public async Task A_cache_with_the_largest_settings_works()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using MemcachedEmulator memcached = await MemcachedEmulator.StartAsync(new MemcachedEmulatorOptions { InitialUptime = TimeSpan.FromDays(1) }, token);
        await using DatastoreEmulator datastore = await DatastoreEmulator.StartAsync(cancellationToken: token);
        CascadeCacheOptions options = Extreme(largest: true);
        options.Memcache.Servers.Add(memcached.Host);
        (options.Datastore.EmulatorHost, options.Datastore.ProjectId) = (datastore.Host, "extreme");
        await using var cache = new CascadeDistributedCache(options, new CacheSurroundings { Environment = static _ => null });

        Assert.Null(await cache.GetAsync("k", token));
        await cache.SetAsync("k", [1, 2], new DistributedCacheEntryOptions(), token);
        Assert.Equal([1, 2], await cache.GetAsync("k", token));
        await cache.RefreshAsync("k", token);
        await cache.RemoveAsync("k", token);
        Assert.Null(await cache.GetAsync("k", token));
        Assert.Equal((1, 2), (cache.GetStatistics().MemcacheHits, cache.GetStatistics().MemcacheAbsentHits + cache.GetStatistics().DatastoreMisses));
    }

    private static CascadeCacheOptions Extreme(bool largest)
    {
        TimeSpan timeout = largest ? Hour : TimeSpan.FromMilliseconds(10);
        var options = new CascadeCacheOptions
        {
            KeyPrefix = largest ? new string('p', 512) : "",
            MaxValueBytes = largest ? long.MaxValue : 0,
            MaxMemcacheSessionSizeBytes = largest ? long.MaxValue : long.MinValue,
            DefaultSlidingExpiration = largest ? TimeSpan.MaxValue : Tick,
            MaxStaleness = largest ? TimeSpan.MaxValue : TimeSpan.FromSeconds(1),
            MemcacheSlidingSlack = largest ? 1 : 0,
            DatastoreSlidingSlack = largest ? 1 : 0,
            Memcache = { ConnectionsPerServer = largest ? 64 : 1, ConnectTimeout = timeout, OperationTimeout = timeout },
            Datastore = { Kind = largest ? new string('é', 750) : "k", Namespace = largest ? new string('n', 100) : "", OperationTimeout = timeout },
            Resilience = { LateCommitAllowance = largest ? Hour : TimeSpan.Zero },
        };
        foreach (TierResilienceOptions tier in (TierResilienceOptions[])[options.Resilience.Memcache, options.Resilience.Datastore])
        {
            TimeSpan breaker = largest ? TimeSpan.FromDays(1) : TimeSpan.FromMilliseconds(500);
            (tier.TotalTimeout, tier.MaxRetryAttempts) = (timeout, largest ? 20 : 0);
            tier.RetryBaseDelay = tier.RetryMaxDelay = largest ? Hour : TimeSpan.Zero;
            (tier.BreakerFailureRatio, tier.BreakerMinimumThroughput) = largest ? (1, int.MaxValue) : (double.Epsilon, 2);
            tier.BreakerSamplingDuration = tier.BreakDuration = breaker;
        }

        return options;
    }

    private static IReadOnlyList<string> FaultsOf(CascadeCacheOptions options) => CascadeCacheOptionsValidator.FaultsOf(options, static _ => null);
}
