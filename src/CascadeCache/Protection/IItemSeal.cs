using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Protection;

/// <summary>Turns items into what nobody without the keys can make or change, each for one key of the cache, and back. Any thread.</summary>
internal interface IItemSeal
{
    /// <summary>By how many bytes a sealed item is larger. Can change when the key changes that items are sealed with.</summary>
    int Overhead { get; }

    /// <summary>Seals an item, whose memory is free again when this returns.</summary>
    /// <param name="key">The only key under which it can be opened.</param>
    /// <param name="item">The item.</param>
    /// <param name="error">Why it could not be sealed.</param>
    /// <returns>The bytes to be stored, the caller's to dispose; null: there is no key to seal with.</returns>
    PooledBytes? TrySeal(CacheKey key, in VolatileItem item, out Exception? error);

    /// <summary>Opens what was sealed for <paramref name="key"/>. Whatever the bytes are, it throws nothing.</summary>
    /// <returns>Header and payload, the caller's to dispose; null: the bytes were not sealed for this key, or with keys that are not trusted here.</returns>
    PooledBytes? TryOpen(CacheKey key, ReadOnlySpan<byte> item);
}
