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
    ValueTask SetAsync(CacheKey key, ReadOnlyMemory<byte> payload, EntryLifetime lifetime, CallContext call);

    ValueTask RefreshAsync(CacheKey key, CallContext call);

    ValueTask RemoveAsync(CacheKey key, CallContext call);
}

/// <summary>What a read found, and which tier said so. Owns the payload's memory: dispose it exactly once, after the payload was copied.</summary>
internal readonly struct FoundValue : IDisposable
{
    private readonly IDisposable? _owner;

    private FoundValue(bool exists, string tier, ReadOnlyMemory<byte> payload, IDisposable? owner)
    {
        Exists = exists;
        Tier = tier;
        Payload = payload;
        _owner = owner;
    }

    public bool Exists { get; }

    /// <summary>One of <see cref="TierNames"/>.</summary>
    public string Tier { get; }

    public ReadOnlyMemory<byte> Payload { get; }

    public static FoundValue None(string tier) => new(false, tier, default, null);

    public static FoundValue Of(ReadOnlyMemory<byte> payload, string tier, IDisposable? owner = null) => new(true, tier, payload, owner);

    public void Dispose() => _owner?.Dispose();
}
