using CascadeCache;

namespace WebSession;

/// <summary>Turns what the cache throws into answers that a program can act on. The stock session throws only where the application awaits it.</summary>
internal sealed class CacheFailures(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (CascadeCacheException e) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await Results.Problem(e.Message, statusCode: StatusOf(e), title: TitleOf(e)).ExecuteAsync(context);
        }
    }

    public static int StatusOf(CascadeCacheException e) =>
        e is CascadeValueTooLargeException ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status503ServiceUnavailable;

    public static string TitleOf(CascadeCacheException e) => e switch
    {
        CascadeValueTooLargeException => "The session would be too large",
        CascadeOutcomeUnknownException => "It is not known whether the session was stored",
        CascadeRejectedException => "Datastore refuses",
        _ => "The session cannot be reached",
    };
}
