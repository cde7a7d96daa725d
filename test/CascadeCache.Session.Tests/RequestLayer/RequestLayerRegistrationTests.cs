using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>What the call puts into a container, and what it refuses at the start.</summary>
public sealed class RequestLayerRegistrationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_cache_has_the_layer_whichever_is_registered_first(bool layerFirst)
    {
        var services = new ServiceCollection();
        if (layerFirst)
        {
            Assert.Same(services, services.AddCascadeRequestLayer());
            services.AddCascadeDistributedCache();
        }
        else
        {
            services.AddCascadeDistributedCache().AddCascadeRequestLayer();
        }

        using ServiceProvider provider = services.BuildServiceProvider(validateScopes: true);
        var layer = Assert.IsType<RequestLayerCache>(provider.GetRequiredService<IDistributedCache>());
        Assert.Same(provider.GetRequiredService<CascadeDistributedCache>(), layer.Inner);
        Assert.IsAssignableFrom<IBufferDistributedCache>(layer);
        Assert.IsAssignableFrom<IVersionedDistributedCache>(layer);
        Assert.NotNull(provider.GetService<IHttpContextAccessor>());
        provider.GetRequiredService<IStartupValidator>().Validate();
    }

    [Fact]
    public void Called_twice_it_is_one_layer_with_the_settings_of_both()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddCascadeRequestLayer(static options => options.KeyPrefixes.Add("a"))
            .AddCascadeDistributedCache()
            .AddCascadeDistributedCache()
            .AddCascadeRequestLayer(static options => options.KeyPrefixes.Add("b"))
            .BuildServiceProvider();

        Assert.Single(provider.GetServices<ICascadeRequestLayer>());
        Assert.Single(provider.GetServices<IDistributedCache>().Distinct());
        Assert.Equal(["a", "b"], provider.GetRequiredService<IOptions<RequestLayerOptions>>().Value.KeyPrefixes);
        provider.GetRequiredService<IStartupValidator>().Validate();
    }

    [Fact]
    public void A_keyed_cache_has_the_layer_only_if_its_backends_say_so()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddCascadeRequestLayer()
            .AddKeyedCascadeDistributedCache("with", static options => options.Backends = CascadeBackends.All)
            .AddKeyedCascadeDistributedCache("without", static _ => { })
            .AddKeyedCascadeDistributedCache("alone", static options => options.Backends = CascadeBackends.Request)
            .BuildServiceProvider();

        Assert.IsType<RequestLayerCache>(provider.GetRequiredKeyedService<IDistributedCache>("with"));
        Assert.IsType<CascadeDistributedCache>(provider.GetRequiredKeyedService<IDistributedCache>("without"));
        Assert.IsType<RequestOnlyCache>(provider.GetRequiredKeyedService<IDistributedCache>("alone"));
        provider.GetRequiredService<IStartupValidator>().Validate();
    }

    [Fact]
    public async Task Without_a_cache_the_start_fails_and_names_the_call()
    {
        using IHost host = new HostBuilder().ConfigureServices(static services => services.AddCascadeRequestLayer()).Build();

        OptionsValidationException e = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));
        Assert.Contains("AddCascadeDistributedCache()", Assert.Single(e.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_prefixes_fail_the_start_with_every_fault()
    {
        using IHost host = new HostBuilder().ConfigureServices(static services => services.AddCascadeDistributedCache().AddCascadeRequestLayer(static options =>
        {
            options.KeyPrefixes.Add("fine");
            options.KeyPrefixes.Add("");
            options.KeyPrefixes.Add(null!);
        })).Build();

        OptionsValidationException e = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));
        Assert.Equal(["KeyPrefixes[1]", "KeyPrefixes[2]"], e.Failures.Select(static failure => failure.Split(' ')[0]));
    }

    [Fact]
    public void Null_is_refused_by_name()
    {
        IServiceCollection none = null!;
        Assert.Throws<ArgumentNullException>("services", () => none.AddCascadeRequestLayer());
    }

    [Theory]
    [InlineData("other.k", "TryGetAsync SetBufferAsync")]
    [InlineData("page.k", "GetAsync SetAsync")]
    public async Task HybridCache_over_the_layer_keeps_its_way_through_buffers(string key, string expected)
    {
        var rig = new LayerRig(configure: static options => options.KeyPrefixes.Add("page."));
        var services = new ServiceCollection();
        services.AddSingleton<IDistributedCache>(rig.Layer).AddHybridCache();
        await using ServiceProvider provider = services.BuildServiceProvider();
        rig.Begin();
        var options = new HybridCacheEntryOptions { Flags = HybridCacheEntryFlags.DisableLocalCache };
        var hybrid = provider.GetRequiredService<HybridCache>();

        // It writes from pooled memory, and gives that back as soon as the write has completed.
        Assert.Equal("made", await hybrid.GetOrCreateAsync(key, static _ => ValueTask.FromResult("made"), options, cancellationToken: CancellationToken.None));
        Assert.Equal(expected, rig.Below.TakeCalls());
        Assert.Equal("made", await hybrid.GetOrCreateAsync(key, static _ => ValueTask.FromResult("made again"), options, cancellationToken: CancellationToken.None));
        Assert.Contains("made", Encoding.UTF8.GetString(rig.Below.Stored(key)!), StringComparison.Ordinal);
        Assert.Equal(key.StartsWith("page.", StringComparison.Ordinal) ? "" : "TryGetAsync", rig.Below.TakeCalls());
    }
}
