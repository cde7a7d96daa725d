using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Preload;

/// <summary>
/// Awaits the load of a request's session before the rest of the pipeline runs. Our session knows whether the request brought one; for another store's the cookie tells.
/// </summary>
internal sealed class SessionPreload(string cookieName, SessionCounters counters, ILogger logger)
{
    public async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        ISession session = context.Features.Get<ISessionFeature>()?.Session
            ?? throw new InvalidOperationException("UseCascadeSessionPreload() found no session in the request. Call app.UseSession() before it, in the same branch of the pipeline.");
        bool hasKey = session is CascadeSession ours ? !ours.IsNew : context.Request.Cookies.ContainsKey(cookieName);
        if (hasKey)
        {
            await LoadAsync(context, session).ConfigureAwait(false);
        }

        await next(context).ConfigureAwait(false);
    }

    private async Task LoadAsync(HttpContext context, ISession session)
    {
        try
        {
            await session.LoadAsync(context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !context.RequestAborted.IsCancellationRequested)
        {
            // As with the stock session a page that does not need its session works on, and one that does finds it unavailable.
            counters.Add(SessionCounter.FailedPreloads);
            SessionLog.PreloadFailed(logger, exception);
        }
    }
}
