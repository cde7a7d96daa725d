using System.Diagnostics.Metrics;
using CascadeCache;
using CascadeCache.Session.CommitBeforeResponse;
using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Store;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the session store. A registered <see cref="TimeProvider"/> and <see cref="IMeterFactory"/> are used.</summary>
public static class CascadeSessionServiceCollectionExtensions
{
    /// <summary>
    /// Stores the sessions of <c>AddSession()</c> in such a way that two requests of one user do not undo each other's changes, and without the calls that a request has no use for.
    /// <c>AddSession()</c> and <c>UseSession()</c> stay as they are and are still needed; the order of the two registrations does not matter. The sessions are in the registered
    /// <see cref="IDistributedCache"/>, which must implement <see cref="IVersionedDistributedCache"/> unless <see cref="CascadeSessionOptions.Writes"/> says otherwise. Faults of the options
    /// and of the registration fail the start.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options; null leaves the defaults.</param>
    /// <returns>The same collection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection AddCascadeSession(this IServiceCollection services, Action<CascadeSessionOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<CascadeSessionOptions> options = services.AddOptions<CascadeSessionOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CascadeSessionOptions>, CascadeSessionOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, ResponseCommitFilter>());
        services.TryAddSingleton<SessionCounters>();
        services.TryAddSingleton(static provider => new SessionMetrics(provider.GetRequiredService<SessionCounters>(), provider.GetService<IMeterFactory>()));
        services.TryAddSingleton(CreateStore);

        // Add, not TryAdd: AddSession() before this has registered the stock store. AddSession() after this leaves ours.
        services.AddSingleton<ISessionStore>(static provider => provider.GetRequiredService<CascadeSessionStore>());
        return services;
    }

    // The session middleware asks for the store when the pipeline is built; so that what is wrong here ends the start.
    private static CascadeSessionStore CreateStore(IServiceProvider provider)
    {
        // Nothing calls the metrics, they watch; but they have to exist.
        provider.GetRequiredService<SessionMetrics>();
        ILoggerFactory loggerFactory = provider.GetRequiredService<ILoggerFactory>();
        IDistributedCache cache = CascadeSessionStore.CacheOf(provider.GetService<IDistributedCache>());
        TimeProvider time = provider.GetService<TimeProvider>() ?? TimeProvider.System;
        var shared = new SessionServices(cache, provider.GetRequiredService<IOptions<CascadeSessionOptions>>().Value, time)
        {
            Counters = provider.GetRequiredService<SessionCounters>(),
            Logger = loggerFactory.CreateLogger(SessionLog.Category),
        };
        return new CascadeSessionStore(shared, loggerFactory);
    }
}
