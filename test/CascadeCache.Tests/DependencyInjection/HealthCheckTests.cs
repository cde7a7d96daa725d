using CascadeCache.Emulators;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CascadeCache.Tests.DependencyInjection;

/// <summary>The health check against servers that go away in turn.</summary>
public sealed class HealthCheckTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Memcached_down_is_degraded_and_Datastore_down_is_unhealthy()
    {
        await using MemcachedEmulator memcached = await MemcachedEmulator.StartAsync(cancellationToken: Token);
        await using DatastoreEmulator datastore = await DatastoreEmulator.StartAsync(cancellationToken: Token);
        await using ServiceProvider provider = Provider(services => services.AddCascadeDistributedCache(Use(memcached.Host, datastore.Host)), static checks => checks.AddCascadeCache());

        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider)).Status);

        await memcached.DisposeAsync();
        HealthReportEntry degraded = await CheckAsync(provider);
        Assert.Equal(HealthStatus.Degraded, degraded.Status);
        Assert.Contains("memcached", degraded.Description, StringComparison.Ordinal);
        Assert.NotNull(degraded.Exception);

        await datastore.DisposeAsync();
        HealthReportEntry unhealthy = await CheckAsync(provider);
        Assert.Equal(HealthStatus.Unhealthy, unhealthy.Status);
        Assert.Contains("Datastore", unhealthy.Description, StringComparison.Ordinal);
        Assert.IsAssignableFrom<CascadeCacheException>(unhealthy.Exception);
    }

    [Fact]
    public async Task Datastore_down_is_unhealthy_though_memcached_answers()
    {
        await using MemcachedEmulator memcached = await MemcachedEmulator.StartAsync(cancellationToken: Token);
        await using DatastoreEmulator datastore = await DatastoreEmulator.StartAsync(cancellationToken: Token);
        await using ServiceProvider provider = Provider(services => services.AddCascadeDistributedCache(Use(memcached.Host, datastore.Host)), static checks => checks.AddCascadeCache());
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider)).Status);

        await datastore.DisposeAsync();

        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(provider)).Status);
    }

    [Fact]
    public async Task One_of_two_memcached_servers_down_is_degraded()
    {
        await using MemcachedEmulator one = await MemcachedEmulator.StartAsync(cancellationToken: Token);
        await using MemcachedEmulator two = await MemcachedEmulator.StartAsync(cancellationToken: Token);
        await using DatastoreEmulator datastore = await DatastoreEmulator.StartAsync(cancellationToken: Token);
        await using ServiceProvider provider = Provider(
            services => services.AddCascadeDistributedCache(Use(one.Host, datastore.Host)).Configure<CascadeCacheOptions>(options => options.Memcache.Servers.Add(two.Host)),
            static checks => checks.AddCascadeCache());
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider)).Status);

        await two.DisposeAsync();
        Assert.Equal(HealthStatus.Degraded, (await CheckAsync(provider)).Status);
    }

    [Fact]
    public async Task Memcached_as_the_only_tier_is_unhealthy_when_it_is_down()
    {
        await using MemcachedEmulator memcached = await MemcachedEmulator.StartAsync(cancellationToken: Token);
        await using ServiceProvider provider = Provider(
            services => services.AddCascadeDistributedCache(options =>
            {
                Use(memcached.Host, "127.0.0.1:1")(options);
                options.Backends = CascadeBackends.Memcache;
            }),
            static checks => checks.AddCascadeCache());
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider)).Status);

        await memcached.DisposeAsync();
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(provider)).Status);
    }

    [Fact]
    public async Task Datastore_as_the_only_tier_needs_no_memcached()
    {
        await using DatastoreEmulator datastore = await DatastoreEmulator.StartAsync(cancellationToken: Token);
        await using ServiceProvider provider = Provider(
            services => services.AddCascadeDistributedCache(options =>
            {
                Use("127.0.0.1:1", datastore.Host)(options);
                options.Backends = CascadeBackends.Datastore;
            }),
            static checks => checks.AddCascadeCache());
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider)).Status);
        Assert.Equal(1, provider.GetRequiredService<CascadeDistributedCache>().GetStatistics().DatastoreReads);

        await datastore.DisposeAsync();
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(provider)).Status);
    }

    [Fact]
    public async Task A_keyed_check_asks_the_cache_of_its_key()
    {
        await using DatastoreEmulator up = await DatastoreEmulator.StartAsync(cancellationToken: Token);
        DatastoreEmulator down = await DatastoreEmulator.StartAsync(cancellationToken: Token);
        await down.DisposeAsync();
        await using ServiceProvider provider = Provider(
            services => services
                .AddKeyedCascadeDistributedCache("up", OnlyDatastore(up.Host))
                .AddKeyedCascadeDistributedCache("down", OnlyDatastore(down.Host)),
            static checks => checks.AddCascadeCache("first", "up", tags: ["ready"]).AddCascadeCache("second", "down"));

        HealthReport report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);

        Assert.Equal(HealthStatus.Healthy, report.Entries["first"].Status);
        Assert.Equal(["ready"], report.Entries["first"].Tags);
        Assert.Equal(HealthStatus.Unhealthy, report.Entries["second"].Status);
    }

    [Fact]
    public void Null_is_refused_by_name()
    {
        IHealthChecksBuilder builder = new ServiceCollection().AddHealthChecks();

        Assert.Throws<ArgumentNullException>("builder", () => ((IHealthChecksBuilder)null!).AddCascadeCache());
        Assert.Throws<ArgumentNullException>("name", () => builder.AddCascadeCache(null!));
    }

    private static async Task<HealthReportEntry> CheckAsync(ServiceProvider provider)
    {
        HealthReport report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);
        return report.Entries["cascadecache"];
    }

    private static ServiceProvider Provider(Action<IServiceCollection> register, Action<IHealthChecksBuilder> check)
    {
        IServiceCollection services = new ServiceCollection().AddLogging();
        register(services);
        check(services.AddHealthChecks());
        return services.BuildServiceProvider();
    }

    private static Action<CascadeCacheOptions> OnlyDatastore(string datastore) => options =>
    {
        Use("127.0.0.1:1", datastore)(options);
        options.Backends = CascadeBackends.Datastore;
    };

    private static Action<CascadeCacheOptions> Use(string memcached, string datastore) => options =>
    {
        options.Memcache.Servers.Add(memcached);
        options.Datastore.EmulatorHost = datastore;
        options.Datastore.ProjectId = "health";
        options.Resilience.Datastore.MaxRetryAttempts = 0;
    };
}
