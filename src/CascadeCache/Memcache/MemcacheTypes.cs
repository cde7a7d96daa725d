namespace CascadeCache.Memcache;

/// <summary>
/// A compare-and-set token: the item's unique number, and the connection on which it was read. memcached counts from 1 again after a restart, so that a
/// number from before could fit another item: a token is used on its own connection or not at all.
/// </summary>
internal readonly record struct CasToken(ulong Cas, long Epoch);

/// <summary>What a read asks for.</summary>
/// <param name="WithValue">False: everything but the value.</param>
/// <param name="LeaseSeconds">On a miss, make a placeholder for so many seconds; 0: do not.</param>
internal readonly record struct MemcacheGet(bool WithValue, int LeaseSeconds);

internal enum MemcacheStatus
{
    /// <summary>No reply. See <see cref="MemcacheReply.Fault"/>.</summary>
    Unavailable,

    /// <summary>A read found an item.</summary>
    Hit,

    /// <summary>A read found none, and no placeholder was made.</summary>
    Miss,

    /// <summary>A write or a deletion was made.</summary>
    Done,

    /// <summary>Not made: the item has another token, or the token is of another connection.</summary>
    Conflict,

    /// <summary>Not made: there is no item.</summary>
    NotFound,

    /// <summary>Not made, and an older item may be gone: too large, or no memory.</summary>
    Refused,
}

/// <summary>Who may fill a placeholder.</summary>
internal enum LeaseState
{
    /// <summary>The item is no placeholder.</summary>
    None,

    /// <summary>The caller.</summary>
    Won,

    /// <summary>Somebody else.</summary>
    Held,
}

/// <summary>Why there is no reply.</summary>
internal enum MemcacheFault
{
    None,

    /// <summary>There is no connection and none could be made.</summary>
    NotConnected,

    /// <summary>The connection was lost.</summary>
    ConnectionLost,

    /// <summary>The server let the operation time-out pass.</summary>
    TimedOut,

    /// <summary>The server sent what no memcached sends, or the reply to another request.</summary>
    Violation,

    /// <summary>More is waiting to be sent than may be kept in memory.</summary>
    Overloaded,
}

/// <summary>What a connection tells the one who watches over all of them. Called on the connection's own thread: return quickly.</summary>
internal interface IMemcacheObserver
{
    void Connected(MemcacheNode node);

    void Disconnected(MemcacheNode node, MemcacheFault fault, Exception? error);
}

/// <summary>A failure of a connection, with where everyone stood.</summary>
internal sealed class MemcacheException(MemcacheFault fault, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public MemcacheFault Fault { get; } = fault;
}
