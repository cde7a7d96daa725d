using System.Buffers;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;

namespace CascadeCache.Flow;

/// <summary>What a cache does with its tiers; one implementation per combination of tiers. Safe for use by any thread.</summary>
internal interface ICacheFlow
{
    ValueTask<FoundValue> GetAsync(CacheKey key, CallContext call);

    /// <param name="key">The key.</param>
    /// <param name="payload">Borrowed until the returned task has completed.</param>
    /// <param name="lifetime">When the entry expires.</param>
    /// <param name="call">How the caller waits.</param>
    ValueTask SetAsync(CacheKey key, ReadOnlySequence<byte> payload, EntryLifetime lifetime, CallContext call);

    ValueTask RefreshAsync(CacheKey key, CallContext call);

    ValueTask RemoveAsync(CacheKey key, CallContext call);

    /// <summary>Stores a value if a version still stands, or if there is no entry.</summary>
    /// <returns>The new version; null: not stored, because the key has another version.</returns>
    ValueTask<CacheVersion?> TrySetAsync(CacheKey key, ReadOnlySequence<byte> payload, EntryLifetime lifetime, CacheVersion expected, CallContext call);

    /// <summary>Removes an entry whose version still stands.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">A version that exists.</param>
    /// <param name="call">How the caller waits.</param>
    /// <returns>Whether the version stood.</returns>
    ValueTask<bool> TryRemoveAsync(CacheKey key, CacheVersion expected, CallContext call);
}

/// <summary>What a read found, and which tier said so. The payload's memory is lent: dispose it after the payload was copied.</summary>
internal readonly struct FoundValue : IDisposable
{
    private readonly Loan _loan;

    private FoundValue(CacheVersion version, string tier, ReadOnlySequence<byte> payload, Loan loan)
    {
        Version = version;
        Tier = tier;
        Payload = payload;
        _loan = loan;
    }

    public bool Exists => Version.Exists;

    /// <summary>What a conditional write of the key has to name.</summary>
    public CacheVersion Version { get; }

    /// <summary>One of <see cref="TierNames"/>.</summary>
    public string Tier { get; }

    public ReadOnlySequence<byte> Payload { get; }

    /// <param name="tier">Which tier said so.</param>
    /// <param name="version">A version that does not exist.</param>
    public static FoundValue None(string tier, CacheVersion version = default) => new(version, tier, default, default);

    public static FoundValue Of(ReadOnlySequence<byte> payload, CacheVersion version, string tier, Loan loan = default) => new(version, tier, payload, loan);

    public void Dispose() => _loan.Dispose();
}
