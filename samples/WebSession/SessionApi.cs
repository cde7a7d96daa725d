using Microsoft.AspNetCore.Mvc;

namespace WebSession;

/// <summary>The session for programs.</summary>
internal static class SessionApi
{
    private const int MaxValueBytes = 16 * 1024 * 1024;

    public static void MapSessionApi(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/visits", (Delegate)CountVisitAsync);
        app.MapGet("/api/session/{name}", GetAsync);
        app.MapPut("/api/session/{name}", PutAsync).WithMetadata(new RequestSizeLimitAttribute(MaxValueBytes));
        app.MapDelete("/api/session/{name}", DeleteAsync);
    }

    /// <summary>Counts one more visit; returns how many there are.</summary>
    public static int AddVisit(ISession session)
    {
        int visits = (session.GetInt32("visits") ?? 0) + 1;
        session.SetInt32("visits", visits);
        return visits;
    }

    private static async Task<IResult> CountVisitAsync(HttpContext context)
    {
        int visits = 0;
        await StoredSession.ChangeAsync(context, session => visits = AddVisit(session));
        return Results.Json(new { visits });
    }

    private static async Task<IResult> GetAsync(HttpContext context, string name)
    {
        ISession session = await StoredSession.LoadAsync(context);
        return session.TryGetValue(name, out byte[]? value) ? Results.Bytes(value) : Results.NotFound();
    }

    private static async Task<IResult> PutAsync(HttpContext context, string name)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        await StoredSession.ChangeAsync(context, session => session.Set(name, body.ToArray()));
        return Results.NoContent();
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string name)
    {
        await StoredSession.ChangeAsync(context, session => session.Remove(name));
        return Results.NoContent();
    }
}
