using CascadeCache;

namespace WebSession;

/// <summary>
/// Turns what the cache throws into answers that a program can act on. The stock session throws only where the application awaits it, so this stands behind
/// <c>UseSession</c>: the answer is on its way before the session middleware ends the request.
/// </summary>
internal sealed class Failures(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (CascadeCacheException e) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, StatusOf(e), TitleOf(e), e.Message);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, e.StatusCode, "The request cannot be used", e.Message);
        }
    }

    public static string TitleOf(CascadeCacheException e) => e switch
    {
        CascadeValueTooLargeException => "The session would be too large",
        CascadeOutcomeUnknownException => "It is not known whether the session was stored",
        CascadeRejectedException => "Datastore refuses",
        _ => "The session cannot be reached",
    };

    private static int StatusOf(CascadeCacheException e) =>
        e is CascadeValueTooLargeException ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status503ServiceUnavailable;

    private static Task AnswerAsync(HttpContext context, int status, string title, string detail)
    {
        context.Response.Clear();
        return Results.Problem(detail, statusCode: status, title: title).ExecuteAsync(context);
    }
}
