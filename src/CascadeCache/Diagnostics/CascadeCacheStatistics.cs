namespace CascadeCache;

/// <summary>What a cache has done since it was made, and how its tiers are. A snapshot; counters that move together may be a moment apart.</summary>
public sealed class CascadeCacheStatistics
{
    /// <summary>Reads that memcached answered with a value.</summary>
    public required long MemcacheHits { get; init; }

    /// <summary>Reads that memcached answered with "there is no such key".</summary>
    public required long MemcacheAbsentHits { get; init; }

    /// <summary>Reads that memcached could not answer: it had nothing, something outdated, or only a mark that the value is elsewhere.</summary>
    public required long MemcacheMisses { get; init; }

    /// <summary>Reads that went to Datastore because a write to the key was under way.</summary>
    public required long MemcacheLocked { get; init; }

    /// <summary>Reads that went to Datastore because memcached did not answer, or may not be read before its backlog is done.</summary>
    public required long MemcacheUnavailable { get; init; }

    /// <summary>Reads that Datastore answered with a value.</summary>
    public required long DatastoreHits { get; init; }

    /// <summary>Reads that found nothing in any tier.</summary>
    public required long DatastoreMisses { get; init; }

    /// <summary>Billable entity reads that were sent, every attempt.</summary>
    public required long DatastoreReads { get; init; }

    /// <summary>Billable entity writes that were sent, every attempt; those for sliding expirations included.</summary>
    public required long DatastoreWrites { get; init; }

    /// <summary>The part of <see cref="DatastoreWrites"/> that only moved a sliding expiration.</summary>
    public required long DatastoreSlides { get; init; }

    /// <summary>Billable entity deletes that were sent, every attempt.</summary>
    public required long DatastoreDeletes { get; init; }

    /// <summary>Values that were too large for memcached and are kept in Datastore only.</summary>
    public required long Bypasses { get; init; }

    /// <summary>Attempts after a failed one, in either tier.</summary>
    public required long Retries { get; init; }

    /// <summary>Items on memcached that were damaged or not ours.</summary>
    public required long RejectedPayloads { get; init; }

    /// <summary>Keys that had to be invalidated on memcached after their write, because it could not be reached.</summary>
    public required long BacklogAdded { get; init; }

    /// <summary>The tiers in use, memcached servers one by one.</summary>
    public required IReadOnlyList<CascadeTierStatus> Tiers { get; init; }
}

/// <summary>One tier, or one server of it.</summary>
/// <param name="Tier">"memcache" or "datastore".</param>
/// <param name="Address">Where it is, <c>host:port</c>.</param>
/// <param name="IsConnected">Whether a connection is open; for Datastore whether its circuit lets requests through.</param>
/// <param name="CircuitState">The circuit breaker: Closed (requests pass), Open (they do not), HalfOpen (one is let through) or Isolated.</param>
/// <param name="Version">The server's version, if it told one.</param>
public sealed record CascadeTierStatus(string Tier, string Address, bool IsConnected, string CircuitState, string? Version);
