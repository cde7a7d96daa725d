using System.Diagnostics.Metrics;
using System.Globalization;
using CascadeCache;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the cache. A registered <see cref="TimeProvider"/>, <see cref="ILoggerFactory"/> and <see cref="IMeterFactory"/> are used.</summary>
public static class CascadeCacheServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="CascadeDistributedCache"/> as the <see cref="IDistributedCache"/>: memcached at <c>localhost:11211</c>, the Datastore project from the environment. The
    /// registration replaces earlier ones, among them the in-memory cache of MVC. Resolving it opens no connection; faults of the options fail the start.
    /// </summary>
    /// <remarks>
    /// Where the request layer is registered (<c>AddCascadeRequestLayer()</c> of the package CascadeCache.Session, before or after this call), the <see cref="IDistributedCache"/> is the cache with
    /// that layer over it; <see cref="CascadeDistributedCache"/> is the cache without it.
    /// </remarks>
    /// <param name="services">The services.</param>
    /// <returns>The same collection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection AddCascadeDistributedCache(this IServiceCollection services) =>
        services.AddCascadeDistributedCache(static _ => { });

    /// <inheritdoc cref="AddCascadeDistributedCache(IServiceCollection)"/>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddCascadeDistributedCache(this IServiceCollection services, Action<CascadeCacheOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        AddOptions(services, Options.Options.DefaultName).Configure(configure);
        services.AddSingleton(static provider => Create(provider, Options.Options.DefaultName));
        services.TryAddSingleton(static provider => CacheFront.Of(provider, provider.GetRequiredService<CascadeDistributedCache>(), Options.Options.DefaultName, isKeyed: false));

        // Add, not TryAdd: whoever asks for this cache gets it, even after AddMvc registered one in memory.
        services.AddSingleton(static provider => provider.GetRequiredService<CacheFront>().Cache);
        return services;
    }

    /// <inheritdoc cref="AddCascadeDistributedCache(IServiceCollection)"/>
    /// <param name="services">The services.</param>
    /// <param name="section">The section that holds the options, such as "CascadeCache".</param>
    public static IServiceCollection AddCascadeDistributedCache(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return services.AddCascadeDistributedCache(options => section.Bind(options));
    }

    /// <summary>
    /// Protects what the cache without a key puts into memcached (<see cref="CascadeCacheOptions.ProtectValues"/>), whatever its options say otherwise; before or after its registration. Without a registered
    /// Data Protection (<c>AddDataProtection()</c>) the start fails.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <returns>The same collection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection ProtectValues(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.PostConfigure<CascadeCacheOptions>(Options.Options.DefaultName, static options => options.ProtectValues = true);
    }

    /// <summary>
    /// Registers a cache under a key, beside others. Caches that share servers need different <see cref="CascadeCacheOptions.KeyPrefix"/>es. The request layer stands over it only if its
    /// <see cref="CascadeCacheOptions.Backends"/> include <see cref="CascadeBackends.Request"/>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="serviceKey">The key; null is the registration without a key.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>The same collection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="configure"/> is null.</exception>
    public static IServiceCollection AddKeyedCascadeDistributedCache(this IServiceCollection services, object? serviceKey, Action<CascadeCacheOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        if (serviceKey is null)
        {
            return services.AddCascadeDistributedCache(configure);
        }

        string name = OptionsNameOf(services, serviceKey);
        AddOptions(services, name).Configure(configure);
        services.AddKeyedSingleton(serviceKey, (provider, _) => Create(provider, name));
        services.TryAddKeyedSingleton(serviceKey, (provider, key) => CacheFront.Of(provider, provider.GetRequiredKeyedService<CascadeDistributedCache>(key), name, isKeyed: true));
        services.AddKeyedSingleton(serviceKey, static (provider, key) => provider.GetRequiredKeyedService<CacheFront>(key).Cache);
        return services;
    }

    // The name of the options is part of no contract; it only has to differ from key to key. Different keys may be the same as text, so they are numbered.
    private static string OptionsNameOf(IServiceCollection services, object serviceKey)
    {
        List<object?> keys = [.. services.Where(static service => service.IsKeyedService && service.ServiceType == typeof(CascadeDistributedCache)).Select(static service => service.ServiceKey).Distinct()];
        int index = keys.IndexOf(serviceKey);
        return string.Create(CultureInfo.InvariantCulture, $"CascadeCache:{(index < 0 ? keys.Count : index)}:{serviceKey}");
    }

    private static OptionsBuilder<CascadeCacheOptions> AddOptions(IServiceCollection services, string name)
    {
        // A second registration of the same cache adds its settings; each fault is still told once.
        if (!services.Any(service => !service.IsKeyedService && service.ImplementationInstance is ValidatedOptions options && options.Name == name))
        {
            services.AddSingleton(new ValidatedOptions(name));
            services.AddSingleton<IValidateOptions<CascadeCacheOptions>>(provider => new CascadeCacheOptionsValidator(name, Environment.GetEnvironmentVariable, HasRequestLayer(provider), Has<IDataProtectionProvider>(provider)));
        }

        OptionsBuilder<CascadeCacheOptions> builder = services.AddOptions<CascadeCacheOptions>(name).ValidateOnStart();
        if (CascadeEnvironment.ReadDisplayLogging(Environment.GetEnvironmentVariable))
        {
            services.Configure<LoggerFilterOptions>(static filters =>
                filters.Rules.Add(new LoggerFilterRule(null, CacheSurroundings.LogCategory, LogLevel.Debug, null)));
        }

        return builder;
    }

    private static CascadeDistributedCache Create(IServiceProvider provider, string optionsName)
    {
        CascadeCacheOptions options = provider.GetRequiredService<IOptionsMonitor<CascadeCacheOptions>>().Get(optionsName);
        return new CascadeDistributedCache(options, new CacheSurroundings
        {
            Time = provider.GetService<TimeProvider>() ?? TimeProvider.System,
            Logger = provider.GetService<ILoggerFactory>()?.CreateLogger(CacheSurroundings.LogCategory) ?? NullLogger.Instance,
            MeterFactory = provider.GetService<IMeterFactory>(),
            HasRequestLayer = HasRequestLayer(provider),
            DataProtection = options.ProtectValues ? provider.GetService<IDataProtectionProvider>() : null,
        });
    }

    private static bool HasRequestLayer(IServiceProvider provider) => Has<ICascadeRequestLayer>(provider);

    // Asked without making it: its own options may be at fault, and that is told by their own check. A container that cannot say so has to make it.
    private static bool Has<T>(IServiceProvider provider)
        where T : class =>
        provider.GetService<IServiceProviderIsService>()?.IsService(typeof(T)) ?? provider.GetService<T>() is not null;

    /// <summary>Notes in a collection that the options of this name have their validator: the validator itself is only made with the container.</summary>
    private sealed record ValidatedOptions(string Name);
}
