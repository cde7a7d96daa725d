using CascadeCache;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Mvc;

namespace WebSession.Page;

/// <summary>The page for people, and the forms on it. Every form stores, then leads back to the page.</summary>
internal static class SessionPage
{
    private const string FailureCookie = "WebSession.Failure";

    public static void MapSessionPage(this IEndpointRouteBuilder app)
    {
        app.MapGet("/", ShowAsync);
        app.MapPost("/page/visit", static (HttpContext context, [FromForm] string? _) => ChangeAsync(context, SessionApi.AddVisitAsync));
        app.MapPost("/page/set", static (HttpContext context, [FromForm] string? name, [FromForm] string? text) =>
            ChangeAsync(context, session => SetAsync(session, name, System.Text.Encoding.UTF8.GetBytes(text ?? ""))));
        app.MapPost("/page/fill", static (HttpContext context, [FromForm] int kilobytes) =>
            ChangeAsync(context, session => SetAsync(session, "filler", new byte[Math.Clamp(kilobytes, 0, 16 * 1024) * 1024])));
        app.MapPost("/page/remove", static (HttpContext context, [FromForm] string? name) =>
            ChangeAsync(context, session => RemoveAsync(session, name)));
    }

    private static async Task<IResult> ShowAsync(HttpContext context, CascadeDistributedCache cache, CacheTimings timings, IAntiforgery antiforgery)
    {
        ISession session = context.Session;
        using CacheTimings.Watch watch = timings.Begin();
        string? failure = context.Request.Cookies[FailureCookie];
        context.Response.Cookies.Delete(FailureCookie);
        try
        {
            await session.LoadAsync();
        }
        catch (CascadeCacheException e)
        {
            failure = $"{CacheFailures.TitleOf(e)}: {e.Message}";
        }

        var model = new PageModel
        {
            SessionId = session.IsAvailable ? session.Id : null,
            Values = session.IsAvailable ? [.. session.Keys.Order(StringComparer.Ordinal).Select(name => new SessionValue(name, session.Get(name) ?? []))] : [],
            Visits = session.IsAvailable ? session.GetInt32("visits") ?? 0 : 0,
            Calls = [.. watch.Calls],
            Statistics = cache.GetStatistics(),
            Failure = failure,
            FormToken = antiforgery.GetAndStoreTokens(context).RequestToken ?? "",
            FormTokenName = antiforgery.GetTokens(context).FormFieldName,
        };
        context.Response.Headers.CacheControl = "no-store";
        return Results.Content(PageHtml.Render(model), "text/html; charset=utf-8");
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, Func<ISession, Task> change)
    {
        try
        {
            await change(context.Session);
        }
        catch (CascadeCacheException e)
        {
            context.Response.Cookies.Append(FailureCookie, $"{CacheFailures.TitleOf(e)}: {e.Message}", new CookieOptions { HttpOnly = true, MaxAge = TimeSpan.FromMinutes(1) });
        }

        return Results.LocalRedirect("/");
    }

    private static async Task SetAsync(ISession session, string? name, byte[] value)
    {
        await session.LoadAsync();
        if (!string.IsNullOrWhiteSpace(name))
        {
            session.Set(name, value);
            await session.CommitAsync();
        }
    }

    private static async Task RemoveAsync(ISession session, string? name)
    {
        await session.LoadAsync();
        session.Remove(name ?? "");
        await session.CommitAsync();
    }
}
