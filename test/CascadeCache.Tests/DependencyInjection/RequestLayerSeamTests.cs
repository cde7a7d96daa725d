using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace CascadeCache.Tests.DependencyInjection;

/// <summary>Where the request layer meets the cache: over which caches it is put, and what happens when it is named and not there.</summary>
public sealed class RequestLayerSeamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, CascadeBackends.Distributed)]
    [InlineData(true, CascadeBackends.Distributed)]
    [InlineData(false, CascadeBackends.All)]
    [InlineData(true, CascadeBackends.Request)]
    public void The_cache_without_a_key_has_the_layer_whenever_it_is_registered(bool layerFirst, CascadeBackends backends)
    {
        var layer = new NotedLayer();
        var services = new ServiceCollection();
        if (layerFirst)
        {
            services.AddSingleton<ICascadeRequestLayer>(layer);
        }

        services.AddCascadeDistributedCache(options => options.Backends = backends);
        services.AddCascadeDistributedCache();
        if (!layerFirst)
        {
            services.AddSingleton<ICascadeRequestLayer>(layer);
        }

        using ServiceProvider provider = services.BuildServiceProvider(validateScopes: true);
        Assert.Single(provider.GetServices<IDistributedCache>().Distinct());
        Assert.Same(provider.GetRequiredService<IDistributedCache>(), provider.GetRequiredService<IDistributedCache>());
        (CascadeDistributedCache cache, bool isOnlyTier, IDistributedCache made) = Assert.Single(layer.Made);
        Assert.Same(provider.GetRequiredService<CascadeDistributedCache>(), cache);
        Assert.Same(provider.GetRequiredService<IDistributedCache>(), made);
        Assert.Equal(backends == CascadeBackends.Request, isOnlyTier);
    }

    [Fact]
    public void A_keyed_cache_has_the_layer_only_if_its_backends_say_so()
    {
        var layer = new NotedLayer();
        using ServiceProvider provider = new ServiceCollection()
            .AddSingleton<ICascadeRequestLayer>(layer)
            .AddKeyedCascadeDistributedCache("without", static _ => { })
            .AddKeyedCascadeDistributedCache("with", static options => options.Backends = CascadeBackends.Request | CascadeBackends.Memcache)
            .AddKeyedCascadeDistributedCache("with", static _ => { })
            .AddKeyedCascadeDistributedCache("alone", static options => options.Backends = CascadeBackends.Request)
            .BuildServiceProvider();

        Assert.Same(provider.GetRequiredKeyedService<CascadeDistributedCache>("without"), provider.GetRequiredKeyedService<IDistributedCache>("without"));
        Assert.Single(provider.GetKeyedServices<IDistributedCache>("with").Distinct());
        Assert.NotNull(provider.GetRequiredKeyedService<IDistributedCache>("alone"));
        Assert.Equal(
            [(provider.GetRequiredKeyedService<CascadeDistributedCache>("with"), false), (provider.GetRequiredKeyedService<CascadeDistributedCache>("alone"), true)],
            layer.Made.Select(static made => (made.Cache, made.IsOnlyTier)));
    }

    [Fact]
    public async Task Backends_with_Request_and_no_layer_fail_the_start_with_the_other_faults_each_told_once()
    {
        using IHost host = new HostBuilder()
            .ConfigureServices(static services => services
                .AddCascadeDistributedCache(static options => (options.Backends, options.MaxValueBytes) = (CascadeBackends.All, -1))
                .AddCascadeDistributedCache())
            .Build();

        OptionsValidationException e = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));
        Assert.Equal(["MaxValueBytes", "Backends"], e.Failures.Select(static failure => failure.Split(' ')[0]));
        Assert.Contains(e.Failures, static failure => failure.Contains("AddCascadeRequestLayer()", StringComparison.Ordinal) && failure.Contains("CascadeCache.Session", StringComparison.Ordinal));
    }

    [Fact]
    public void A_keyed_cache_with_Request_and_no_layer_fails_too()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddKeyedCascadeDistributedCache("a", static options => options.Backends = CascadeBackends.Request)
            .BuildServiceProvider();

        OptionsValidationException e = Assert.Throws<OptionsValidationException>(provider.GetRequiredService<IStartupValidator>().Validate);
        Assert.Contains("AddCascadeRequestLayer()", Assert.Single(e.Failures), StringComparison.Ordinal);
        Assert.Throws<OptionsValidationException>(() => provider.GetRequiredKeyedService<IDistributedCache>("a"));
    }

    [Theory]
    [InlineData(CascadeBackends.All)]
    [InlineData(CascadeBackends.Request)]
    public void With_the_layer_the_start_has_no_fault(CascadeBackends backends)
    {
        using ServiceProvider provider = WithLayer(backends);

        provider.GetRequiredService<IStartupValidator>().Validate();
        Assert.NotNull(provider.GetRequiredService<CascadeDistributedCache>());
    }

    [Fact]
    public void A_cache_made_without_a_container_cannot_have_the_tier()
    {
        OptionsValidationException e = Assert.Throws<OptionsValidationException>(() => new CascadeDistributedCache(new CascadeCacheOptions { Backends = CascadeBackends.All }));

        Assert.Contains("AddCascadeRequestLayer()", Assert.Single(e.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cache_of_no_other_tier_says_so_at_every_call()
    {
        await using ServiceProvider provider = WithLayer(CascadeBackends.Request);
        var cache = provider.GetRequiredService<CascadeDistributedCache>();
        Func<Task>[] calls =
        [
            () => cache.GetAsync("k", Token),
            () => cache.SetAsync("k", [1], new DistributedCacheEntryOptions(), Token),
            () => cache.RefreshAsync("k", Token),
            () => cache.RemoveAsync("k", Token),
            () => cache.GetVersionedAsync("k", Token).AsTask(),
            () => cache.TrySetAsync("k", [1], CacheVersion.Absent, new DistributedCacheEntryOptions(), Token).AsTask(),
            () => cache.TryRemoveAsync("k", CacheVersion.Absent, Token).AsTask(),
            () => cache.TryRemoveAsync("k", new CacheVersion(1), Token).AsTask(),
        ];
        foreach (Func<Task> call in calls)
        {
            CascadeUnavailableException e = await Assert.ThrowsAsync<CascadeUnavailableException>(call);
            Assert.Contains("Backends is Request alone", e.Message, StringComparison.Ordinal);
        }

        Assert.Throws<CascadeUnavailableException>(() => cache.Get("k"));
        Assert.Throws<CascadeUnavailableException>(() => cache.Set("k", [1], new DistributedCacheEntryOptions()));
        Assert.Throws<CascadeUnavailableException>(() => cache.Refresh("k"));
        Assert.Throws<CascadeUnavailableException>(() => cache.Remove("k"));
        Assert.Empty(cache.GetStatistics().Tiers);
    }

    [Fact]
    public async Task A_cache_of_no_other_tier_has_nothing_that_could_be_unhealthy()
    {
        var services = new ServiceCollection();
        services.AddLogging().AddSingleton<ICascadeRequestLayer>(new NotedLayer()).AddCascadeDistributedCache(static options => options.Backends = CascadeBackends.Request);
        services.AddHealthChecks().AddCascadeCache();
        await using ServiceProvider provider = services.BuildServiceProvider();

        HealthReport report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);
        Assert.Equal(HealthStatus.Healthy, report.Status);
    }

    private static ServiceProvider WithLayer(CascadeBackends backends) => new ServiceCollection()
        .AddCascadeDistributedCache(options => options.Backends = backends)
        .AddSingleton<ICascadeRequestLayer>(new NotedLayer())
        .BuildServiceProvider();

    /// <summary>Notes over what it was put, and puts another cache there.</summary>
    private sealed class NotedLayer : ICascadeRequestLayer
    {
        public List<(CascadeDistributedCache Cache, bool IsOnlyTier, IDistributedCache Made)> Made { get; } = [];

        public IDistributedCache Over(CascadeDistributedCache cache, bool isOnlyTier)
        {
            var made = new MemoryDistributedCache(Options.Create(new Microsoft.Extensions.Caching.Memory.MemoryDistributedCacheOptions()));
            Made.Add((cache, isOnlyTier, made));
            return made;
        }
    }
}
