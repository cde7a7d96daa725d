using System.Runtime.ExceptionServices;
using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.CommitBeforeResponse;

/// <summary>
/// Stores the session of one request when its response starts. Made before the session middleware runs, so that it is called after the callback that sets the session's cookie, and
/// after those of the application, which may still change the session.
/// </summary>
/// <remarks>
/// <para>There are two ways for a response to start. While the pipeline runs: the session is still there, and is committed here. After it, as every response without a body
/// does, redirects among them: then the session middleware has committed, and has put a failure of that into the log only. The session remembers it, and this turns it into an error.</para>
/// </remarks>
internal sealed class ResponseCommit(ILogger logger)
{
    private readonly SessionHolder _holder = new();

    /// <summary>Runs the rest of the pipeline with this in place.</summary>
    public async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        SessionHolder.Current = _holder;
        context.Response.OnStarting(() => StartAsync(context));

        // What the request has left running keeps the holder, and must not keep the session with it.
        context.Response.OnCompleted(() =>
        {
            _holder.Session = null;
            return Task.CompletedTask;
        });
        await next(context).ConfigureAwait(false);
    }

    private async Task StartAsync(HttpContext context)
    {
        if (_holder.Session is not { } session)
        {
            return;
        }

        bool hasCommitted = context.Features.Get<ISessionFeature>() is null;
        try
        {
            if (!hasCommitted)
            {
                await session.CommitChangesAsync().ConfigureAwait(false);
            }
            else if (session.CommitFailure is { } failure)
            {
                ExceptionDispatchInfo.Throw(failure);
            }
        }
        catch (Exception exception) when (context.Response.StatusCode >= StatusCodes.Status500InternalServerError)
        {
            // The client learns already that its request failed. What the request wrote before it failed is stored if possible, as stock does; but the application's
            // own error page says more than one that a failed commit would put in its place.
            SessionLog.CommitBeforeErrorResponseFailed(logger, exception);
        }
        catch (OperationCanceledException exception)
        {
            // The stock session's time-out. Left as it is, it would look as if the client had gone.
            throw new TimeoutException("The session was not stored within SessionOptions.IOTimeout, so the response was not started.", exception);
        }
    }
}
