using System.Buffers;
using CascadeCache.Entries;
using CascadeCache.Tiers;
using CascadeCache.Values;

namespace CascadeCache.Flow;

/// <summary>What an answer of the volatile tier means for its key.</summary>
internal enum VolatileMeaning
{
    /// <summary>The server did not answer: nothing is known.</summary>
    Unavailable,

    /// <summary>Nothing is there, and nothing may be filled.</summary>
    Nothing,

    /// <summary>The caller may fill: it won the lease.</summary>
    Fillable,

    /// <summary>Somebody else may fill.</summary>
    BeingFilled,

    /// <summary>The value, current.</summary>
    Value,

    /// <summary>There is no such key.</summary>
    Absent,

    /// <summary>Only the durable tier has the value.</summary>
    Bypass,

    /// <summary>A write is under way.</summary>
    Locked,

    /// <summary>A copy that has expired or may no longer be believed. Its token is as good as a lease: it dies with any change.</summary>
    Outdated,

    /// <summary>Bytes that are not ours, are damaged or cannot be decoded. Its token is as good as a lease.</summary>
    Rejected,
}

/// <summary>An answer of the volatile tier, understood. Borrows the answer's memory.</summary>
internal readonly record struct VolatileView(VolatileMeaning Meaning, Entry Entry)
{
    public bool MayFill => Meaning is VolatileMeaning.Fillable or VolatileMeaning.Outdated or VolatileMeaning.Rejected;

    /// <param name="read">The answer.</param>
    /// <param name="key">The key it is about.</param>
    /// <param name="now">Milliseconds since 1970.</param>
    /// <param name="believedFrom">See <see cref="Backlog.BelievedFrom"/>.</param>
    public static VolatileView Of(in VolatileRead read, CacheKey key, long now, long believedFrom = long.MinValue)
    {
        switch (read.Status)
        {
            case VolatileStatus.Unavailable:
                return new VolatileView(VolatileMeaning.Unavailable, default);
            case VolatileStatus.Miss:
                return new VolatileView(VolatileMeaning.Nothing, default);
            case VolatileStatus.LeaseWon:
                return new VolatileView(VolatileMeaning.Fillable, default);
            case VolatileStatus.LeaseHeld:
                // An empty item of somebody else that never ends would keep its key uncached for ever.
                return new VolatileView(LockRecord.CanLive(read.SecondsToLive) ? VolatileMeaning.BeingFilled : VolatileMeaning.Rejected, default);
        }

        if (EntryFlags.KindOf(read.Flags) == EntryKind.Lock)
        {
            // Another program's item can have the same flags. One that never ends would keep its key uncached for ever.
            return new VolatileView(LockRecord.CanLive(read.SecondsToLive) ? VolatileMeaning.Locked : VolatileMeaning.Rejected, default);
        }

        if (!EntryFormat.TryRead(read.Item, key.Fingerprint, out Entry entry))
        {
            return new VolatileView(VolatileMeaning.Rejected, default);
        }

        bool isOutdated = entry.IsExpired(now) || entry.FreshUntil < believedFrom;
        return new VolatileView(isOutdated ? VolatileMeaning.Outdated : MeaningOf(entry.Kind), entry);
    }

    /// <summary>The same, with its value for a reader: one that cannot be decoded is none. What moves the stored bytes only does not ask.</summary>
    /// <param name="codec">Decodes it.</param>
    /// <param name="value">The value, if it is one.</param>
    /// <param name="owner">To be disposed exactly once; null: the value has the answer's memory.</param>
    public VolatileView Decode(ValueCodec codec, out ReadOnlySequence<byte> value, out IDisposable? owner)
    {
        (value, owner) = (default, null);
        return Meaning != VolatileMeaning.Value || codec.TryDecode(Entry.Payload, Entry.Encoding, out value, out owner)
            ? this
            : new VolatileView(VolatileMeaning.Rejected, default);
    }

    private static VolatileMeaning MeaningOf(EntryKind kind) => kind switch
    {
        EntryKind.Value => VolatileMeaning.Value,
        EntryKind.Absent => VolatileMeaning.Absent,
        _ => VolatileMeaning.Bypass,
    };
}
