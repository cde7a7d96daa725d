using System.Buffers;
using CascadeCache.Values;

namespace CascadeCache.Entries;

/// <summary>
/// One entry as a copy in the volatile tier tells it: a value, or a marker in its place. Not a lock (see <see cref="LockRecord"/>).
/// </summary>
/// <remarks>The payload is borrowed: whoever made the entry keeps its memory valid while the entry is in use.</remarks>
internal readonly struct Entry
{
    public required EntryKind Kind { get; init; }

    /// <summary>The durable tier's version of what is told here. Grows with every change of the key, deletions included.</summary>
    public required long Version { get; init; }

    public EntryLifetime Lifetime { get; init; }

    /// <summary>When this copy expires; milliseconds since 1970, <see cref="EntryLifetime.Never"/> for not at all.</summary>
    public required long CopyExpiry { get; init; }

    /// <summary>When the durable tier's copy expires.</summary>
    public required long DurableExpiry { get; init; }

    /// <summary>Until when this copy may be believed without asking the durable tier again. Sliding does not extend it.</summary>
    public required long FreshUntil { get; init; }

    /// <summary>The value as it is stored.</summary>
    public ReadOnlySequence<byte> Payload { get; init; }

    /// <summary>How the payload was made from the value. Only a value has one.</summary>
    public ValueEncoding Encoding { get; init; }

    public bool IsExpired(long now) => now >= CopyExpiry || now >= FreshUntil;

    /// <summary>From when an access has to slide this copy or the durable one.</summary>
    public long SlideDueAt => Math.Min(Lifetime.SlideDueAt(CopyExpiry), Lifetime.SlideDueAt(DurableExpiry));
}
