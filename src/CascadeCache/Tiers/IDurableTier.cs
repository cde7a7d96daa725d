using CascadeCache.Entries;
using CascadeCache.Primitives;

namespace CascadeCache.Tiers;

/// <summary>
/// The durable tier: the truth. All the flow knows of Datastore; another store with versioned, strongly consistent entities can stand in its
/// place. Safe for use by any thread.
/// </summary>
/// <remarks>
/// Every method throws <see cref="CascadeUnavailableException"/> when the tier cannot be reached in its configured time, <see cref="CascadeRejectedException"/>
/// when it refuses for good, and <see cref="OperationCanceledException"/> only for the caller's own token. A write that throws anything but
/// <see cref="CascadeOutcomeUnknownException"/> was not and will not be applied.
/// </remarks>
internal interface IDurableTier : IAsyncDisposable, IDisposable
{
    /// <summary>The longest that one write may take, all attempts included. A lock must outlive it.</summary>
    TimeSpan WriteDeadline { get; }

    /// <summary>The largest value that can be stored under this key, in bytes.</summary>
    long MaxValueBytes(CacheKey key);

    /// <summary>Reads the newest committed state: a read that begins after a write was acknowledged sees that write.</summary>
    ValueTask<DurableRead> ReadAsync(CacheKey key, DurableCause cause, CallContext call);

    /// <summary>Stores the value, whole, with all its expiration data.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">What to store.</param>
    /// <param name="condition">When to store it. A write that its condition forbids neither revives nor overwrites.</param>
    /// <param name="cause">On whose account the operation is counted.</param>
    /// <param name="call">How the caller waits.</param>
    /// <param name="replacedBytes">
    /// A hint: how large what is replaced is, as far as the caller knows; 0: not known. A store that keeps a large value in several places can free
    /// those that are no longer needed at once; without the hint they may stay until the value would have expired.
    /// </param>
    ValueTask<DurableWrite> WriteAsync(CacheKey key, DurableValue value, WriteCondition condition, DurableCause cause, CallContext call, long replacedBytes = 0);

    /// <summary>Moves the expiry of a value that is still at <paramref name="baseVersion"/>, and nothing else: it neither revives nor overwrites.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expiresAt">The new expiry.</param>
    /// <param name="baseVersion">The version that has to stand.</param>
    /// <param name="valueBytes">The size of the value of that version.</param>
    /// <param name="cause">On whose account the operation is counted.</param>
    /// <param name="call">How the caller waits.</param>
    ValueTask<DurableWrite> ExtendAsync(CacheKey key, long expiresAt, long baseVersion, long valueBytes, DurableCause cause, CallContext call);

    /// <summary>Deletes the value. A missing one is success, with the version of its absence, unless a version was given.</summary>
    /// <param name="key">The key.</param>
    /// <param name="baseVersion">Only if the key's version is still this one; null: unconditionally.</param>
    /// <param name="cause">On whose account the operation is counted.</param>
    /// <param name="call">How the caller waits.</param>
    /// <param name="replacedBytes">As for a write.</param>
    ValueTask<DurableWrite> DeleteAsync(CacheKey key, long? baseVersion, DurableCause cause, CallContext call, long replacedBytes = 0);
}
