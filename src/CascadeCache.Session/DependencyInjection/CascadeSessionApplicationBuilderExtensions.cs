using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Preload;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds what sessions need to the pipeline.</summary>
public static class CascadeSessionApplicationBuilderExtensions
{
    /// <summary>
    /// Loads the session of every request that brought one, without blocking a thread; the stock session is otherwise loaded by a blocking call at its first use. Place it after
    /// <c>UseSession()</c>, and before what uses the session. Costs no more than the refresh that a request without use of its session would have sent.
    /// </summary>
    /// <remarks>If the load fails, the request goes on, and <c>ISession.IsAvailable</c> is false in it. A request that its client has called off meanwhile ends.</remarks>
    /// <param name="app">The pipeline.</param>
    /// <returns>The same pipeline.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="app"/> is null.</exception>
    public static IApplicationBuilder UseCascadeSessionPreload(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        IServiceProvider services = app.ApplicationServices;
        var preload = new SessionPreload(
            services.GetRequiredService<IOptions<SessionOptions>>().Value.Cookie.Name ?? Session.SessionDefaults.CookieName,
            services.GetService<SessionCounters>() ?? new SessionCounters(),
            services.GetRequiredService<ILoggerFactory>().CreateLogger(SessionLog.Category));
        return app.Use(next => context => preload.RunAsync(context, next));
    }
}
