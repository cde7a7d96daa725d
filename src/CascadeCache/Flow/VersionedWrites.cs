using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>
/// Conditional writes where the durable tier decides: its base version is the proof, wherever the version was read. Creating an entry is a condition on what readers see, and
/// they do not see what has expired, though it may still be stored.
/// </summary>
/// <param name="durable">The durable tier.</param>
/// <param name="get">What a reader sees.</param>
/// <param name="set">Stores under a condition.</param>
/// <param name="forget">Removes copies that are older than a version; null where there are none.</param>
internal sealed class VersionedWrites(
    IDurableTier durable,
    Func<CacheKey, CallContext, ValueTask<FoundValue>> get,
    Func<CacheKey, DurableValue, WriteCondition, CallContext, ValueTask<DurableWrite>> set,
    Func<CacheKey, long, CallContext, ValueTask>? forget = null)
{
    /// <returns>The new version; null: the expected one does not stand.</returns>
    public async ValueTask<CacheVersion?> TrySetAsync(CacheKey key, DurableValue value, CacheVersion expected, CallContext call)
    {
        DurableWrite write = await set(key, value, WriteCondition.For(expected), call).ConfigureAwait(false);
        if (!write.IsApplied && !expected.Exists && await OverExpiredAsync(key, call).ConfigureAwait(false) is { } condition)
        {
            write = await set(key, value, condition, call).ConfigureAwait(false);
        }

        return write.IsApplied ? new CacheVersion(write.Version) : null;
    }

    /// <summary>The condition under which what is stored has expired and is replaced; null if there is an entry.</summary>
    /// <remarks>
    /// The version is read before what readers see, not after: an entry that is created between the two is then either seen, or newer than the version. The other way
    /// round its version would be taken for that of the expired one, and it would be overwritten. And a marker of an older absence must not hide an entry that was
    /// written past memcache: only one that is as new as what is stored says that it has expired.
    /// </remarks>
    private async ValueTask<WriteCondition?> OverExpiredAsync(CacheKey key, CallContext call)
    {
        DurableRead stored = await durable.ReadAsync(key, DurableCause.Set, call).ConfigureAwait(false);
        if (forget is not null && stored.IsStored)
        {
            await forget(key, stored.Version, call).ConfigureAwait(false);
        }

        using FoundValue found = await get(key, call).ConfigureAwait(false);
        return found.Exists ? null : stored.Unchanged;
    }
}
