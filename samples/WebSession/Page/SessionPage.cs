using System.Text;
using CascadeCache;
using Microsoft.AspNetCore.Antiforgery;

namespace WebSession.Page;

/// <summary>The page for people, and the forms on it. Every form stores, then leads back to the page.</summary>
internal static class SessionPage
{
    private const string FailureCookie = "WebSession.Failure";
    private const int MaxNameLength = 100;
    private const int MaxKilobytes = 16 * 1024;

    public static void MapSessionPage(this IEndpointRouteBuilder app)
    {
        app.MapGet("/", ShowAsync);

        // Binding the form is what makes the framework ask for the antiforgery token.
        app.MapPost("/page/visit", static (HttpContext context, IFormCollection _) => ChangeAsync(context, static session => SessionApi.AddVisit(session)));
        app.MapPost("/page/set", static (HttpContext context, IFormCollection form) => SetAsync(context, form["name"].ToString(), Encoding.UTF8.GetBytes(form["text"].ToString())));
        app.MapPost("/page/fill", static (HttpContext context, IFormCollection form) => int.TryParse(form["kilobytes"], out int kilobytes) && kilobytes is >= 0 and <= MaxKilobytes
            ? SetAsync(context, "filler", new byte[kilobytes * 1024])
            : Task.FromResult(BackWith(context, $"A size has 0 to {MaxKilobytes} KB.")));
        app.MapPost("/page/remove", static (HttpContext context, IFormCollection form) => ChangeAsync(context, session => session.Remove(form["name"].ToString())));
    }

    private static async Task<IResult> ShowAsync(HttpContext context, CascadeDistributedCache cache, CacheTimings timings, IAntiforgery antiforgery)
    {
        using CacheTimings.Watch watch = timings.Begin();
        string? failure = TakeFailure(context);
        ISession? session = null;
        try
        {
            session = await StoredSession.LoadAsync(context);
        }
        catch (CascadeCacheException e)
        {
            failure = Describe(e);
        }

        AntiforgeryTokenSet tokens = antiforgery.GetAndStoreTokens(context);
        var model = new PageModel
        {
            IsLoaded = session is not null,
            Values = session is null ? [] : [.. session.Keys.Order(StringComparer.Ordinal).Select(name => new SessionValue(name, session.Get(name) ?? []))],
            Visits = session?.GetInt32("visits") ?? 0,
            Calls = [.. watch.Calls],
            Statistics = cache.GetStatistics(),
            Failure = failure,
            FormTokenName = tokens.FormFieldName,
            FormToken = tokens.RequestToken ?? "",
        };
        context.Response.Headers.CacheControl = "no-store";
        return Results.Content(PageHtml.Render(model), "text/html; charset=utf-8");
    }

    private static Task<IResult> SetAsync(HttpContext context, string name, byte[] value) =>
        string.IsNullOrWhiteSpace(name) || name.Length > MaxNameLength
            ? Task.FromResult(BackWith(context, $"A name has 1 to {MaxNameLength} characters."))
            : ChangeAsync(context, session => session.Set(name, value));

    private static async Task<IResult> ChangeAsync(HttpContext context, Action<ISession> change)
    {
        try
        {
            await StoredSession.ChangeAsync(context, change);
            return Back();
        }
        catch (CascadeCacheException e)
        {
            return BackWith(context, Describe(e));
        }
    }

    private static string Describe(CascadeCacheException e) => $"{Failures.TitleOf(e)}: {e.Message}";

    private static IResult Back() => Results.LocalRedirect("/");

    private static IResult BackWith(HttpContext context, string failure)
    {
        context.Response.Cookies.Append(FailureCookie, failure, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, MaxAge = TimeSpan.FromMinutes(1) });
        return Back();
    }

    private static string? TakeFailure(HttpContext context)
    {
        string? failure = context.Request.Cookies[FailureCookie];
        if (failure is not null)
        {
            context.Response.Cookies.Delete(FailureCookie);
        }

        return failure;
    }
}
