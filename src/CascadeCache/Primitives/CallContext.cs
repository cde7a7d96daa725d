namespace CascadeCache.Primitives;

/// <summary>
/// How the caller of a public method waits. The flow is written once, with ValueTask; when <see cref="Blocking"/> is true every operation
/// below it finishes before it returns, by blocking the calling thread, so that the ValueTask is always already completed and no step of
/// the synchronous path is queued to the thread pool.
/// </summary>
/// <param name="Blocking">True: the caller is a synchronous method. False: it awaits.</param>
/// <param name="CancellationToken">The caller's own token; a fired one ends the wait at once with <see cref="OperationCanceledException"/>.</param>
internal readonly record struct CallContext(bool Blocking, CancellationToken CancellationToken)
{
    /// <summary>
    /// True: a read that has another tier to ask. It waits for a connection to a healthy server, and not for the next attempt to reach one that was
    /// silent or could not be reached the last time; see <see cref="Memcache.Connections.ConnectionSlot"/>.
    /// </summary>
    public bool IsHasty { get; init; }

    /// <summary>True: over a connection that is open, or not at all: then the answer is at once that there is none, and that nothing was sent.</summary>
    public bool IsDirect { get; init; }

    public static CallContext Sync => new(true, CancellationToken.None);

    public static CallContext Async(CancellationToken cancellationToken) => new(false, cancellationToken);

    /// <summary>For the steps that must be made even if the caller gives up.</summary>
    public CallContext WithoutCancellation => this with { CancellationToken = CancellationToken.None };
}
