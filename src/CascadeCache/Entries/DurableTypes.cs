namespace CascadeCache.Entries;

/// <summary>A value with its expiration data, as the durable tier holds it.</summary>
/// <param name="Payload">The bytes. A written one is borrowed until the write has ended; a read one is the reader's for ever.</param>
/// <param name="Lifetime">When it expires.</param>
/// <param name="ExpiresAt">When this copy expires; milliseconds since 1970, <see cref="EntryLifetime.Never"/> for not at all.</param>
internal readonly record struct DurableValue(ReadOnlyMemory<byte> Payload, EntryLifetime Lifetime, long ExpiresAt);

/// <summary>What a read found. Expired values count as found: the store removes them when it pleases.</summary>
/// <param name="Value">The value, or null if there is none.</param>
/// <param name="Version">The version of the value, or of its absence.</param>
internal readonly record struct DurableRead(DurableValue? Value, long Version);

internal enum DurableWriteStatus
{
    /// <summary>Stored, or deleted.</summary>
    Applied,

    /// <summary>Not applied: the key has another version than the given one.</summary>
    Conflict,

    /// <summary>Not applied: there is nothing to extend.</summary>
    NotFound,
}

/// <summary>The outcome of a write.</summary>
/// <param name="Status">What came of it.</param>
/// <param name="Version">The key's version after it.</param>
internal readonly record struct DurableWrite(DurableWriteStatus Status, long Version);

/// <summary>On whose account a billable operation is counted.</summary>
internal enum DurableCause
{
    /// <summary>A read that memcached could not answer.</summary>
    Get,

    /// <summary>A value stored by the application.</summary>
    Set,

    /// <summary>A value removed by the application.</summary>
    Remove,

    /// <summary>A sliding expiration extended.</summary>
    Slide,
}
