using CascadeCache.Protection;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace CascadeCache.Tests.DependencyInjection;

/// <summary>How the protection is switched on, and what it needs.</summary>
public sealed class ProtectValuesTests
{
    [Fact]
    public void It_is_off_by_default() => Assert.False(new CascadeCacheOptions().ProtectValues);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_can_be_switched_on_before_or_after_the_registration_whatever_the_configuration_says(bool isBefore)
    {
        IServiceCollection services = new ServiceCollection().AddDataProtection().Services;
        IConfiguration off = Section("false");
        services = isBefore ? services.ProtectValues().AddCascadeDistributedCache(off) : services.AddCascadeDistributedCache(off).ProtectValues();
        services.AddKeyedCascadeDistributedCache("other", static _ => { });
        using ServiceProvider provider = services.BuildServiceProvider();

        Assert.True(IsProtected(provider.GetRequiredService<CascadeDistributedCache>()));
        Assert.False(IsProtected(provider.GetRequiredKeyedService<CascadeDistributedCache>("other")));
    }

    [Fact]
    public void A_section_switches_it_on_and_an_option_does_for_a_keyed_cache()
    {
        IServiceCollection services = new ServiceCollection().AddDataProtection().Services;
        services.AddCascadeDistributedCache(Section("true")).AddKeyedCascadeDistributedCache("other", static options => options.ProtectValues = true);
        using ServiceProvider provider = services.BuildServiceProvider();

        Assert.True(IsProtected(provider.GetRequiredService<CascadeDistributedCache>()));
        Assert.True(IsProtected(provider.GetRequiredKeyedService<CascadeDistributedCache>("other")));
    }

    [Fact]
    public async Task Without_Data_Protection_the_start_fails_and_says_what_to_call()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddCascadeDistributedCache(static options => options.Datastore.ProjectId = "p").ProtectValues();
        using IHost host = builder.Build();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains("AddDataProtection()", Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_without_a_container_takes_it_from_its_options()
    {
        var options = new CascadeCacheOptions { ProtectValues = true };
        options.Datastore.ProjectId = "p";
        var error = Assert.Throws<OptionsValidationException>(() => new CascadeDistributedCache(options));
        Assert.Contains("CascadeCacheOptions.DataProtection", Assert.Single(error.Failures), StringComparison.Ordinal);

        options.DataProtection = new EphemeralDataProtectionProvider();
        using var cache = new CascadeDistributedCache(options);
        Assert.True(IsProtected(cache));
    }

    [Fact]
    public void The_one_of_the_options_comes_before_that_of_the_container()
    {
        var own = new CountingProvider();
        IServiceCollection services = new ServiceCollection().AddDataProtection().Services.AddCascadeDistributedCache(options => options.DataProtection = own).ProtectValues();
        using ServiceProvider provider = services.BuildServiceProvider();

        provider.GetRequiredService<CascadeDistributedCache>();

        Assert.Equal(1, own.Protectors);
    }

    [Fact]
    public void Where_nothing_is_put_into_memcached_there_is_nothing_to_protect()
    {
        var options = new CascadeCacheOptions { ProtectValues = true, Backends = CascadeBackends.Datastore };
        options.Datastore.ProjectId = "p";

        using var cache = new CascadeDistributedCache(options);
        Assert.False(IsProtected(cache));
    }

    [Fact]
    public void When_it_is_off_no_Data_Protection_is_made()
    {
        var provider = new CountingProvider();
        using ServiceProvider services = new ServiceCollection()
            .AddSingleton<IDataProtectionProvider>(_ => throw new InvalidOperationException("not asked for"))
            .AddCascadeDistributedCache(options => options.DataProtection = provider)
            .BuildServiceProvider();

        Assert.False(IsProtected(services.GetRequiredService<CascadeDistributedCache>()));
        Assert.Equal(0, provider.Protectors);
    }

    [Fact]
    public void Null_is_refused_by_name()
    {
        IServiceCollection none = null!;
        Assert.Throws<ArgumentNullException>("services", () => none.ProtectValues());
    }

    private static bool IsProtected(CascadeDistributedCache cache) => cache.Parts.VolatileTier is ProtectedTier;

    private static IConfiguration Section(string protect) =>
        new ConfigurationBuilder().AddInMemoryCollection([new("ProtectValues", protect), new("Datastore:ProjectId", "p")]).Build();

    private sealed class CountingProvider : IDataProtectionProvider
    {
        private readonly EphemeralDataProtectionProvider _inner = new();

        public int Protectors { get; private set; }

        public IDataProtector CreateProtector(string purpose)
        {
            Protectors++;
            return _inner.CreateProtector(purpose);
        }
    }
}
