using System.Buffers;
using CascadeCache.Values;

namespace CascadeCache.Entries;

/// <summary>A value with its expiration data, as the durable tier holds it.</summary>
/// <param name="Payload">The bytes as they are stored. A written one is borrowed until the write has ended; a read one is the reader's for ever.</param>
/// <param name="Lifetime">When it expires.</param>
/// <param name="ExpiresAt">When this copy expires; milliseconds since 1970, <see cref="EntryLifetime.Never"/> for not at all.</param>
/// <param name="Encoding">How the bytes were made from the value.</param>
internal readonly record struct DurableValue(ReadOnlySequence<byte> Payload, EntryLifetime Lifetime, long ExpiresAt, ValueEncoding Encoding = ValueEncoding.None);

/// <summary>What a read found. Expired values count as found: the store removes them when it pleases.</summary>
/// <param name="Value">The value, or null if there is none.</param>
/// <param name="Version">The version of the value, or of its absence.</param>
/// <param name="IsStored">Whether anything is stored under the name; without a value it is another key's, or a large one's that has expired and was not read.</param>
internal readonly record struct DurableRead(DurableValue? Value, long Version, bool IsStored)
{
    /// <summary>The condition under which a write replaces exactly what was read here.</summary>
    public WriteCondition Unchanged => IsStored ? WriteCondition.IfVersion(Version) : WriteCondition.IfMissing;
}

/// <summary>When a write is to be made. The default is always.</summary>
internal readonly record struct WriteCondition
{
    public static WriteCondition Always => default;

    /// <summary>Only if nothing is stored.</summary>
    public static WriteCondition IfMissing => new() { MustBeMissing = true };

    public bool MustBeMissing { get; private init; }

    /// <summary>The version that has to stand; null: any.</summary>
    public long? Version { get; private init; }

    /// <summary>Only if what is stored has still this version.</summary>
    public static WriteCondition IfVersion(long version) => new() { Version = version };

    /// <summary>What the holder of a version may ask for.</summary>
    public static WriteCondition For(CacheVersion expected) => expected.IsStored ? IfVersion(expected.Number) : IfMissing;
}

internal enum DurableWriteStatus
{
    /// <summary>Stored, or deleted.</summary>
    Applied,

    /// <summary>Not applied: the key has another version than the given one, or is stored although it must not be.</summary>
    Conflict,

    /// <summary>Not applied: nothing is stored any more.</summary>
    NotFound,
}

/// <summary>The outcome of a write.</summary>
/// <param name="Status">What came of it.</param>
/// <param name="Version">The key's version after it, or <see cref="Untold"/> or <see cref="Gone"/>.</param>
internal readonly record struct DurableWrite(DurableWriteStatus Status, long Version)
{
    /// <summary>The store did not tell a version. Older than anything: nothing can be concluded from it.</summary>
    public const long Untold = long.MinValue;

    /// <summary>Nothing is stored, as of a version that the store did not tell. Newer than anything: whatever copy there is, it is out of date.</summary>
    public const long Gone = long.MaxValue;

    public bool IsApplied => Status == DurableWriteStatus.Applied;
}

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
