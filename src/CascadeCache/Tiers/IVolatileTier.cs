using CascadeCache.Entries;
using CascadeCache.Primitives;

namespace CascadeCache.Tiers;

/// <summary>
/// The fast tier: servers that may forget anything at any time, each the only home of its keys. All the flow knows of memcached; another store with
/// compare-and-set and leases can stand in its place.
/// </summary>
internal interface IVolatileTier : IAsyncDisposable, IDisposable
{
    /// <summary>
    /// The server that the key belongs to, for ever: a server that is down is not replaced by another, where an old copy could come back.
    /// Never fails; a server that cannot be found is one whose every answer is <see cref="VolatileStatus.Unavailable"/>.
    /// </summary>
    ValueTask<IVolatileServer> FindServerAsync(CacheKey key, CallContext call);

    /// <summary>Raised when a server can be reached, the first time and after each interruption. Handlers return quickly.</summary>
    event Action<IVolatileServer>? ServerReachable;
}

/// <summary>
/// One server of the volatile tier. Failures are outcomes, not exceptions; only the caller's own cancellation is thrown
/// (<see cref="OperationCanceledException"/>). Safe for use by any thread.
/// </summary>
/// <remarks>
/// What an implementation must give: tokens that change with every change of the item and are worth nothing after the server or the
/// connection to it was lost; a lease that exactly one of many readers wins; no write that happens although it was reported as not executed.
/// </remarks>
internal interface IVolatileServer
{
    /// <summary>The server's address, for people.</summary>
    string Name { get; }

    /// <summary>True for the stand-in of servers that could not be looked up yet: nobody knows which of them a key belongs to.</summary>
    bool IsStandIn { get; }

    /// <summary>
    /// How long the server's process has been running at least; null while it is not known. Locks that an earlier process held may still matter
    /// until this exceeds the lock time.
    /// </summary>
    TimeSpan? MinimumAge { get; }

    /// <summary>The largest item in bytes, header included, that the server can hold under this key.</summary>
    long MaxItemBytes(CacheKey key);

    /// <summary>Reads the item, or asks for the right to fill it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="withValue">False: flags and token only.</param>
    /// <param name="leaseSeconds">If there is no item: make a placeholder for so many seconds and give the caller its token. 0: do not.</param>
    /// <param name="call">How the caller waits.</param>
    ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call);

    /// <summary>Replaces the item if it is still the one that <paramref name="token"/> was given for.</summary>
    ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call);

    /// <summary>Replaces the item, whatever it is. Only for a cache without a durable tier.</summary>
    ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call);

    /// <summary>Deletes the item if it is still the one that <paramref name="token"/> was given for; without a token, whatever it is.</summary>
    ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call);
}
