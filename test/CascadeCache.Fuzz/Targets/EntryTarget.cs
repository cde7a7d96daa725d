using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Tiers;

namespace CascadeCache.Fuzz.Targets;

/// <summary>
/// The input is an item of memcached: byte 0 says whether its checksum is put right first, as anybody could who can write there, bytes 1 to 4 are its flags, 5 to 8 the
/// seconds that it has left, the rest its bytes. It is rejected, or it is an entry that encodes to the same bytes and on which no arithmetic fails.
/// </summary>
/// <param name="tryRead">How an item is read; null: as the flow reads it. For readers that are broken on purpose.</param>
internal sealed class EntryTarget(EntryTarget.TryRead? tryRead = null) : IFuzzTarget
{
    internal delegate bool TryRead(ReadOnlyMemory<byte> item, long fingerprint, out Entry entry);

    private const int PrefixSize = 9;
    private const int ChecksumOffset = EntryFormat.HeaderSize - sizeof(ulong);

    private static readonly CacheKey Key = new("session.fuzz");
    private static readonly double[] Slacks = [0, 1.0 / 16, 1];
    private readonly TryRead _tryRead = tryRead ?? EntryFormat.TryRead;

    public string Name => "entry";

    public bool IsText => false;

    public IReadOnlyList<byte[]> Tokens { get; } = [[0xC1, 1], [0xC1, 2], [0xC1, 3], [0xC1, 4, 0], [0xC1, 0x11], [0xC1, 0x12], [0xC1, 0x21]];

    public long MaxAllocatedBytes(int inputLength) => (64 * 1024) + (20L * inputLength);

    public string Run(ReadOnlyMemory<byte> input)
    {
        if (input.Length < PrefixSize)
        {
            return "";
        }

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(input.Span[1..]);
        int seconds = BinaryPrimitives.ReadInt32LittleEndian(input.Span[5..]);
        byte[] item = input[PrefixSize..].ToArray();
        if ((input.Span[0] & 1) == 1 && item.Length >= EntryFormat.HeaderSize)
        {
            PutChecksumRight(item);
        }

        bool isEntry = _tryRead(item, Key.Fingerprint, out Entry entry);
        if (isEntry)
        {
            CheckEntry(item, entry);
        }

        EntryKind kind = EntryFlags.KindOf(flags);
        var read = new VolatileRead(VolatileStatus.Hit, default, flags, seconds, item, loan: default, error: null);
        VolatileView view = VolatileView.Of(read, Key, StillTime.NowMilliseconds);
        PropertyException.Require(
            view.Meaning == (kind == EntryKind.Lock ? LockMeaning(seconds) : isEntry ? EntryMeaning(entry) : VolatileMeaning.Rejected),
            $"an item of kind {kind} became {view.Meaning}");
        return $"{view.Meaning} {(isEntry ? entry.Kind : EntryKind.None)} {EntryFlags.IsSlideDue(flags, StillTime.NowMilliseconds)} {entry.Lifetime.IsSliding} {entry.SlideDueAt <= StillTime.NowMilliseconds}";
    }

    private static void CheckEntry(byte[] item, in Entry entry)
    {
        byte[] again = new byte[EntryFormat.HeaderSize + entry.Payload.Length];
        EntryFormat.WriteHeader(again, entry, Key.Fingerprint);
        entry.Payload.CopyTo(again.AsSpan(EntryFormat.HeaderSize));
        PropertyException.Require(again.AsSpan().SequenceEqual(item), "what was read does not encode to the bytes that it was read from");

        long now = StillTime.NowMilliseconds;
        PropertyException.Require(entry.Lifetime.Window >= 0, "a negative window was believed");
        PropertyException.Require(entry.SlideDueAt >= 0, "a slide is due before time began");
        PropertyException.Require(EntryFlags.KindOf(EntryFlags.For(entry)) == entry.Kind, "the flags of an entry tell another kind");
        foreach (double slack in Slacks)
        {
            long expiry = entry.Lifetime.CopyExpiry(now, slack);
            bool isBounded = entry.Lifetime.IsSliding ? expiry >= Math.Min(entry.Lifetime.AbsoluteAt, now) : expiry == entry.Lifetime.AbsoluteAt;
            PropertyException.Require(isBounded && expiry <= entry.Lifetime.AbsoluteAt, $"a copy made now expires at {expiry}");
        }
    }

    private static VolatileMeaning LockMeaning(int seconds) =>
        seconds >= 0 && seconds <= LockRecord.MaxSeconds + 1 ? VolatileMeaning.Locked : VolatileMeaning.Rejected;

    private static VolatileMeaning EntryMeaning(in Entry entry) => entry.Kind switch
    {
        _ when entry.CopyExpiry <= StillTime.NowMilliseconds || entry.FreshUntil <= StillTime.NowMilliseconds => VolatileMeaning.Outdated,
        EntryKind.Value => VolatileMeaning.Value,
        EntryKind.Absent => VolatileMeaning.Absent,
        EntryKind.Bypass => VolatileMeaning.Bypass,
        _ => VolatileMeaning.Rejected,
    };

    private static void PutChecksumRight(byte[] item)
    {
        ulong ofPayload = XxHash3.HashToUInt64(item.AsSpan(EntryFormat.HeaderSize), Key.Fingerprint);
        BinaryPrimitives.WriteUInt64LittleEndian(item.AsSpan(ChecksumOffset), XxHash3.HashToUInt64(item.AsSpan(0, ChecksumOffset), (long)ofPayload));
    }
}
