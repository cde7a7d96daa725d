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
    public static CallContext Sync => new(true, CancellationToken.None);

    public static CallContext Async(CancellationToken cancellationToken) => new(false, cancellationToken);

    /// <summary>For the steps that must be made even if the caller gives up.</summary>
    public CallContext WithoutCancellation => new(Blocking, CancellationToken.None);
}
