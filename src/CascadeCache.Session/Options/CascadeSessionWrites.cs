namespace CascadeCache;

/// <summary>What becomes of a session that two requests write at the same time. The stock session stores all of a session as one value, so that the second write undoes the first.</summary>
public enum CascadeSessionWrites
{
    /// <summary>The later write wins, unnoticed: as stock. The only choice for a cache that does not implement <see cref="IVersionedDistributedCache"/>.</summary>
    LastWriteWins,

    /// <summary>The later write wins, and what it overwrote is counted and logged.</summary>
    Detect,

    /// <summary>
    /// Both writes survive: what a request did not change is taken from the other; a name that both changed has the value of the later write. A counter or a list under one name can still lose
    /// a change, and a session can then hold one name as one request left it and another name as the other did.
    /// </summary>
    Merge,
}
