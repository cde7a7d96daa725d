using System.Net.Sockets;
using CascadeCache.TestKit.Servers;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.DependencyInjection;

/// <summary>What the registrations put into a container, and that nothing is connected to before the first call.</summary>
public sealed class RegistrationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_registration_returns_its_collection()
    {
        var services = new ServiceCollection();

        Assert.Same(services, services.AddCascadeDistributedCache());
        Assert.Same(services, services.AddCascadeDistributedCache(static _ => { }));
        Assert.Same(services, services.AddCascadeDistributedCache(new ConfigurationBuilder().Build()));
        Assert.Same(services, services.AddKeyedCascadeDistributedCache("a", static _ => { }));
        Assert.Same(services, services.AddKeyedCascadeDistributedCache(null, static _ => { }));
    }

    [Fact]
    public void Null_is_refused_by_name()
    {
        var services = new ServiceCollection();
        IServiceCollection none = null!;

        Assert.Throws<ArgumentNullException>("services", () => none.AddCascadeDistributedCache());
        Assert.Throws<ArgumentNullException>("services", () => none.AddCascadeDistributedCache(static _ => { }));
        Assert.Throws<ArgumentNullException>("services", () => none.AddCascadeDistributedCache(new ConfigurationBuilder().Build()));
        Assert.Throws<ArgumentNullException>("services", () => none.AddKeyedCascadeDistributedCache("a", static _ => { }));
        Assert.Throws<ArgumentNullException>("configure", () => services.AddCascadeDistributedCache((Action<CascadeCacheOptions>)null!));
        Assert.Throws<ArgumentNullException>("section", () => services.AddCascadeDistributedCache((IConfiguration)null!));
        Assert.Throws<ArgumentNullException>("configure", () => services.AddKeyedCascadeDistributedCache("a", null!));
        Assert.Empty(services);
    }

    [Fact]
    public void Without_settings_it_resolves_and_needs_no_logging()
    {
        using ServiceProvider provider = new ServiceCollection().AddCascadeDistributedCache().BuildServiceProvider();

        CascadeCacheStatistics statistics = provider.GetRequiredService<CascadeDistributedCache>().GetStatistics();
        Assert.Null(provider.GetService<ILoggerFactory>());
        Assert.Equal("localhost:11211", statistics.Tiers.Single(static tier => tier.Tier == "memcache").Address);
        Assert.Single(statistics.Tiers, static tier => tier.Tier == "datastore");
    }

    [Fact]
    public async Task Resolving_and_disposing_opens_no_connection()
    {
        await using var memcached = new ScriptedServer();
        await using var datastore = new ScriptedServer();
        await using (ServiceProvider provider = new ServiceCollection().AddCascadeDistributedCache(Use).BuildServiceProvider())
        {
            Assert.NotNull(provider.GetRequiredService<IDistributedCache>());
        }

        // A listener accepts in the order of arrival: had the cache connected, its connection would come before this one.
        foreach (ScriptedServer server in (ScriptedServer[])[memcached, datastore])
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", int.Parse(server.Host.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture), Token);
            await client.GetStream().WriteAsync("first\r\n"u8.ToArray(), Token);
            Assert.Equal("first", await (await server.NextConnectionAsync(Token)).ReadLineAsync());
        }

        void Use(CascadeCacheOptions options)
        {
            options.Memcache.Servers.Add(memcached.Host);
            options.Datastore.EmulatorHost = datastore.Host;
            options.Datastore.ProjectId = "p";
        }
    }

    [Fact]
    public void It_is_one_instance_by_both_names()
    {
        using ServiceProvider provider = new ServiceCollection().AddCascadeDistributedCache().BuildServiceProvider(validateScopes: true);

        var cache = provider.GetRequiredService<CascadeDistributedCache>();
        Assert.Same(cache, provider.GetRequiredService<IDistributedCache>());
        using IServiceScope scope = provider.CreateScope();
        Assert.Same(cache, scope.ServiceProvider.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public void It_wins_over_the_in_memory_cache_whichever_comes_first()
    {
        Action<IServiceCollection>[] others =
        [
            static services => services.AddDistributedMemoryCache(),
            static services => services.AddControllersWithViews(),
            static services => services.AddMvc(),
        ];
        foreach (Action<IServiceCollection> other in others)
        {
            var before = new ServiceCollection();
            other(before);
            before.AddCascadeDistributedCache();
            var after = new ServiceCollection();
            after.AddCascadeDistributedCache();
            other(after);

            foreach (ServiceCollection services in (ServiceCollection[])[before, after])
            {
                using ServiceProvider provider = services.BuildServiceProvider();
                Assert.IsType<CascadeDistributedCache>(provider.GetRequiredService<IDistributedCache>());
            }
        }
    }

    [Fact]
    public void Registered_twice_it_is_still_one_cache_with_the_settings_of_both()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddCascadeDistributedCache(static options => (options.KeyPrefix, options.Memcache.ConnectionsPerServer) = ("first.", 2))
            .AddCascadeDistributedCache(static options => options.KeyPrefix = "second.")
            .BuildServiceProvider();

        var options = provider.GetRequiredService<IOptions<CascadeCacheOptions>>().Value;
        Assert.Equal(("second.", 2), (options.KeyPrefix, options.Memcache.ConnectionsPerServer));
        Assert.Same(provider.GetRequiredService<CascadeDistributedCache>(), provider.GetRequiredService<IDistributedCache>());
        provider.GetRequiredService<IStartupValidator>().Validate();
    }

    [Fact]
    public void Keyed_caches_are_apart_from_each_other_and_from_the_one_without_a_key()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddKeyedCascadeDistributedCache("a", static options => options.Memcache.Servers.Add("of-a:1"))
            .AddKeyedCascadeDistributedCache(7, static options => options.Memcache.Servers.Add("of-7:1"))
            .AddKeyedCascadeDistributedCache(null, static options => options.Memcache.Servers.Add("of-none:1"))
            .AddKeyedCascadeDistributedCache("a", static options => options.Memcache.ConnectionsPerServer = 2)
            .BuildServiceProvider();

        CascadeDistributedCache[] caches =
        [
            provider.GetRequiredKeyedService<CascadeDistributedCache>("a"),
            provider.GetRequiredKeyedService<CascadeDistributedCache>(7),
            provider.GetRequiredService<CascadeDistributedCache>(),
        ];
        Assert.Equal(3, caches.Distinct().Count());
        Assert.Same(caches[0], provider.GetRequiredKeyedService<IDistributedCache>("a"));
        Assert.Same(caches[1], provider.GetRequiredKeyedService<IDistributedCache>(7));
        Assert.Same(caches[2], provider.GetRequiredService<IDistributedCache>());
        Assert.Null(provider.GetKeyedService<IDistributedCache>("7"));

        Assert.Equal(["of-a:1", "of-7:1", "of-none:1"], caches.Select(ServerOf));
    }

    [Fact]
    public void Keys_that_look_the_same_as_text_are_still_two()
    {
        object[] keys = [new(), new()];
        using ServiceProvider provider = new ServiceCollection()
            .AddKeyedCascadeDistributedCache(keys[0], static options => options.Memcache.Servers.Add("first:1"))
            .AddKeyedCascadeDistributedCache(keys[1], static options => options.Memcache.Servers.Add("second:1"))
            .BuildServiceProvider();

        Assert.Equal(["first:1", "second:1"], keys.Select(key => ServerOf(provider.GetRequiredKeyedService<CascadeDistributedCache>(key))));
    }

    [Fact]
    public void A_keyed_cache_alone_leaves_the_one_without_a_key_unregistered()
    {
        using ServiceProvider provider = new ServiceCollection().AddKeyedCascadeDistributedCache("a", static _ => { }).BuildServiceProvider();

        Assert.Null(provider.GetService<IDistributedCache>());
        Assert.IsType<CascadeDistributedCache>(provider.GetRequiredKeyedService<IDistributedCache>("a"));
    }

    [Fact]
    public async Task Bad_options_of_every_cache_fail_the_start_of_the_host_with_every_fault()
    {
        using IHost host = new HostBuilder()
            .ConfigureServices(static services => services
                .AddCascadeDistributedCache(static options => (options.MaxValueBytes, options.Datastore.Kind) = (-1, ""))
                .AddKeyedCascadeDistributedCache("a", static options => options.MemcacheSlidingSlack = 2))
            .Build();

        // The host validates the names one by one and joins what it finds.
        AggregateException e = await Assert.ThrowsAsync<AggregateException>(() => host.StartAsync(Token));
        string[] failures = [.. e.InnerExceptions.Cast<OptionsValidationException>().SelectMany(static fault => fault.Failures)];
        Assert.Equal(["MaxValueBytes", "Datastore.Kind", "MemcacheSlidingSlack"], failures.Select(static failure => failure.Split(' ')[0]));
    }

    [Fact]
    public void A_fault_of_a_cache_that_is_registered_twice_is_told_once()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddCascadeDistributedCache(static options => options.MaxValueBytes = -1)
            .AddCascadeDistributedCache()
            .BuildServiceProvider();

        OptionsValidationException e = Assert.Throws<OptionsValidationException>(provider.GetRequiredService<IStartupValidator>().Validate);
        Assert.Single(e.Failures);
    }

    [Fact]
    public void Bad_options_fail_at_the_first_use_where_there_is_no_host()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddCascadeDistributedCache(static options => (options.MaxValueBytes, options.KeyPrefix) = (-1, null!))
            .BuildServiceProvider();

        OptionsValidationException e = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IDistributedCache>());
        Assert.Equal(["KeyPrefix", "MaxValueBytes"], e.Failures.Select(static failure => failure.Split(' ')[0]));
    }

    [Fact]
    public void The_registered_clock_is_used()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using ServiceProvider provider = new ServiceCollection().AddSingleton<TimeProvider>(time).AddCascadeDistributedCache().BuildServiceProvider();
        var cache = provider.GetRequiredService<CascadeDistributedCache>();
        var past = new DistributedCacheEntryOptions { AbsoluteExpiration = time.GetUtcNow().AddSeconds(-1) };

        Assert.Throws<ArgumentOutOfRangeException>("options", () => cache.Set("k", [1], past));
        Assert.Same(time, cache.Parts.Services.Time);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData(" True ", true)]
    [InlineData("false", false)]
    [InlineData("1", false)]
    [InlineData(null, false)]
    public void The_variable_for_logging_lets_debug_messages_of_the_cache_through(string? variable, bool expected)
    {
        const string Name = "SessionCascadeDisplayLogging";
        string? before = Environment.GetEnvironmentVariable(Name);
        try
        {
            Environment.SetEnvironmentVariable(Name, variable);
            using ServiceProvider provider = new ServiceCollection()
                .AddLogging(static logging => logging.SetMinimumLevel(LogLevel.Warning).AddProvider(new EverythingLogger()))
                .AddCascadeDistributedCache()
                .BuildServiceProvider();
            var loggers = provider.GetRequiredService<ILoggerFactory>();

            Assert.Equal(expected, loggers.CreateLogger("CascadeCache").IsEnabled(LogLevel.Debug));
            Assert.False(loggers.CreateLogger("CascadeCache").IsEnabled(LogLevel.Trace));
            Assert.False(loggers.CreateLogger("Other").IsEnabled(LogLevel.Debug));
        }
        finally
        {
            Environment.SetEnvironmentVariable(Name, before);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_container_disposes_of_the_caches_either_way(bool async)
    {
        ServiceProvider provider = new ServiceCollection()
            .AddCascadeDistributedCache()
            .AddKeyedCascadeDistributedCache("a", static _ => { })
            .BuildServiceProvider();
        CascadeDistributedCache[] caches = [provider.GetRequiredService<CascadeDistributedCache>(), provider.GetRequiredKeyedService<CascadeDistributedCache>("a")];
        if (async)
        {
            await provider.DisposeAsync();
        }
        else
        {
            provider.Dispose();
        }

        Assert.All(caches, static cache => Assert.Throws<ObjectDisposedException>(() => cache.Get("k")));
    }

    private static string ServerOf(CascadeDistributedCache cache) =>
        Assert.Single(cache.GetStatistics().Tiers, static tier => tier.Tier == "memcache").Address;

    private sealed class EverythingLogger : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new TestKit.Fakes.LogIds();

        public void Dispose() => GC.SuppressFinalize(this);
    }
}
