namespace WebSession;

/// <summary>
/// The session for programs. Each endpoint loads and commits by itself: left to the middleware, a session that cannot be loaded looks empty, and one that cannot be
/// stored is lost after the response has been sent.
/// </summary>
internal static class SessionApi
{
    private const int MaxValueBytes = 16 * 1024 * 1024;

    public static void MapSessionApi(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/visits", (Delegate)CountVisitAsync).DisableAntiforgery();
        app.MapGet("/api/session/{name}", GetAsync);
        app.MapPut("/api/session/{name}", PutAsync).DisableAntiforgery();
        app.MapDelete("/api/session/{name}", DeleteAsync).DisableAntiforgery();
    }

    public static async Task<int> AddVisitAsync(ISession session)
    {
        await session.LoadAsync();
        int visits = (session.GetInt32("visits") ?? 0) + 1;
        session.SetInt32("visits", visits);
        await session.CommitAsync();
        return visits;
    }

    private static async Task<IResult> CountVisitAsync(HttpContext context) =>
        Results.Json(new { visits = await AddVisitAsync(context.Session) });

    private static async Task<IResult> GetAsync(HttpContext context, string name)
    {
        await context.Session.LoadAsync();
        return context.Session.TryGetValue(name, out byte[]? value) ? Results.Bytes(value) : Results.NotFound();
    }

    private static async Task<IResult> PutAsync(HttpContext context, string name)
    {
        if (context.Request.ContentLength > MaxValueBytes)
        {
            return Results.StatusCode(StatusCodes.Status413PayloadTooLarge);
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        await context.Session.LoadAsync();
        context.Session.Set(name, body.ToArray());
        await context.Session.CommitAsync();
        return Results.NoContent();
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string name)
    {
        await context.Session.LoadAsync();
        context.Session.Remove(name);
        await context.Session.CommitAsync();
        return Results.NoContent();
    }
}
