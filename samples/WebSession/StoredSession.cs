using Microsoft.AspNetCore.Http.Features;

namespace WebSession;

/// <summary>
/// Loads and stores the session where the application can still answer for it. Left to the middleware, a session that cannot be loaded looks empty, and one that
/// cannot be stored is lost after the response has been sent.
/// </summary>
internal static class StoredSession
{
    /// <summary>The session with its values.</summary>
    /// <exception cref="CascadeCache.CascadeCacheException">They cannot be had.</exception>
    public static async Task<ISession> LoadAsync(HttpContext context)
    {
        try
        {
            await context.Session.LoadAsync();
            return context.Session;
        }
        catch
        {
            Abandon(context);
            throw;
        }
    }

    /// <summary>Changes the session; the change is stored when this returns.</summary>
    /// <exception cref="CascadeCache.CascadeCacheException">It cannot be loaded or stored.</exception>
    public static async Task ChangeAsync(HttpContext context, Action<ISession> change)
    {
        ISession session = await LoadAsync(context);
        change(session);
        try
        {
            await session.CommitAsync();
        }
        catch
        {
            Abandon(context);
            throw;
        }
    }

    // Otherwise the session middleware would do the same at the end of the request: wait once more, and perhaps store what the client was told had failed.
    private static void Abandon(HttpContext context) => context.Features.GetRequiredFeature<ISessionFeature>().Session = null!;
}
