using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache;

/// <summary>
/// Optimistic concurrency for a distributed cache: read a value with its version, and write or remove it only if that version still stands. Of several
/// writers that read the same version exactly one succeeds; the others learn of it, read again and decide anew. Nothing is ever locked.
/// </summary>
/// <remarks>
/// <para>A version is a hint until it is used: one that is out of date, for whatever reason, makes the write fail and never makes it succeed wrongly. It changes with every write that
/// changes the value or its expiration, and when a sliding expiration is extended; so a failed attempt does not mean that the value is another.</para>
/// <para>Exceptions are those of the other members. After a <see cref="CascadeOutcomeUnknownException"/> read again: the write may have been made.</para>
/// </remarks>
public interface IVersionedDistributedCache : IDistributedCache
{
    /// <summary>Reads a value with its version. Blocks the calling thread.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The value, or null where there is none, and the version to give to a later write.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    /// <exception cref="CascadeUnavailableException">A tier that was needed could not be reached.</exception>
    VersionedValue GetVersioned(string key);

    /// <inheritdoc cref="GetVersioned"/>
    /// <summary>Reads a value with its version.</summary>
    /// <param name="key">The key.</param>
    /// <param name="token">Ends the wait.</param>
    ValueTask<VersionedValue> GetVersionedAsync(string key, CancellationToken token = default);

    /// <summary>Stores a value if <paramref name="expected"/> still stands. Blocks the calling thread.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value. Borrowed until the call returns.</param>
    /// <param name="expected">The version that was read; one that does not exist, such as <see cref="CacheVersion.Absent"/>, creates an entry only if there is none.</param>
    /// <param name="options">When the entry expires; replaces all that was set before.</param>
    /// <returns>The new version; null: the key has another version, and nothing was stored.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The absolute expiration is not in the future.</exception>
    /// <exception cref="CascadeValueTooLargeException">The value is too large; nothing was stored.</exception>
    /// <exception cref="CascadeOutcomeUnknownException">No answer came: the value may have been stored.</exception>
    /// <exception cref="CascadeUnavailableException">A tier that was needed could not be reached; nothing was stored.</exception>
    CacheVersion? TrySet(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options);

    /// <inheritdoc cref="TrySet"/>
    /// <summary>Stores a value if <paramref name="expected"/> still stands.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value. Borrowed until the returned task has completed.</param>
    /// <param name="expected">The version that was read; one that does not exist, such as <see cref="CacheVersion.Absent"/>, creates an entry only if there is none.</param>
    /// <param name="options">When the entry expires; replaces all that was set before.</param>
    /// <param name="token">Ends the wait. A write that was already sent then has an unknown outcome.</param>
    ValueTask<CacheVersion?> TrySetAsync(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options, CancellationToken token = default);

    /// <summary>Removes an entry if <paramref name="expected"/> still stands. Blocks the calling thread.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">The version that was read. With one that does not exist nothing is removed; the answer says whether there is no entry.</param>
    /// <returns>Whether the version stood and the entry is gone; false: the key has another version, and nothing was removed.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    /// <exception cref="CascadeOutcomeUnknownException">No answer came: the entry may have been removed.</exception>
    /// <exception cref="CascadeUnavailableException">A tier that was needed could not be reached; nothing was removed.</exception>
    bool TryRemove(string key, CacheVersion expected);

    /// <inheritdoc cref="TryRemove"/>
    /// <summary>Removes an entry if <paramref name="expected"/> still stands.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">The version that was read. With one that does not exist nothing is removed; the answer says whether there is no entry.</param>
    /// <param name="token">Ends the wait. A removal that was already sent then has an unknown outcome.</param>
    ValueTask<bool> TryRemoveAsync(string key, CacheVersion expected, CancellationToken token = default);
}
