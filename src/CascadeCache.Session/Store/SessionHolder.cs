namespace CascadeCache.Session.Store;

/// <summary>
/// Where who handles a request is told of the request's session, although the store that creates it is not told the request, and the request no longer has it after the session middleware. The
/// value flows with the request.
/// </summary>
internal sealed class SessionHolder
{
    private static readonly AsyncLocal<SessionHolder?> Ambient = new();

    /// <summary>That of the current request; null if nobody asked to be told.</summary>
    public static SessionHolder? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>The session that was created last in this request; null if none was.</summary>
    public CascadeSession? Session { get; set; }
}
