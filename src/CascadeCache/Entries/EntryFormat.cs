using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using CascadeCache.Primitives;
using CascadeCache.Values;

namespace CascadeCache.Entries;

/// <summary>How an <see cref="Entry"/> stands in the volatile tier. Pure functions.</summary>
/// <remarks>
/// All numbers are little-endian.
/// <code>
/// offset size content
///      0    1 format: 0xC1. Another layout takes another number; a reader rejects what it does not know.
///      1    1 bits 0-3: kind (EntryKind: Value, Absent or Bypass); bits 4-7: how the payload is encoded (ValueEncoding), 0 without one.
///             A reader rejects what it does not know, and one from before there were encodings knows only 0.
///      2    8 version of the durable tier
///     10    8 absolute expiration, ms since 1970; 2^63-1: none
///     18    8 sliding window, ms; 0: none
///     26    8 expiry of this copy
///     34    8 expiry of the durable copy
///     42    8 fresh until
///     50    8 checksum: XXH3 of bytes 0..49, seeded by the XXH3 of the payload, which is seeded by the key's fingerprint
///     58      payload, to the end: the bytes of a Value; of a Bypass, how many they are (8 bytes)
/// </code>
/// The fixed header is larger than a lock (<see cref="LockRecord"/>), so that for keys of one length memcached keeps locks in a slab class
/// that values never use, and values never evict them. The checksum is no protection against forgery.
/// </remarks>
internal static class EntryFormat
{
    public const int HeaderSize = 58;
    public const byte FormatVersion = 0xC1;
    private const int ChecksumOffset = 50;
    private const int KindMask = 0x0F;
    private const int EncodingShift = 4;
    private const int SizeBytes = sizeof(long);

    /// <summary>Writes the header; the payload follows it on the wire from wherever it lies.</summary>
    public static void WriteHeader(Span<byte> header, in Entry entry, long fingerprint)
    {
        header[0] = FormatVersion;
        header[1] = (byte)((int)entry.Kind | ((int)entry.Encoding << EncodingShift));
        BinaryPrimitives.WriteInt64LittleEndian(header[2..], entry.Version);
        BinaryPrimitives.WriteInt64LittleEndian(header[10..], entry.Lifetime.AbsoluteAt);
        BinaryPrimitives.WriteInt64LittleEndian(header[18..], entry.Lifetime.Window);
        BinaryPrimitives.WriteInt64LittleEndian(header[26..], entry.CopyExpiry);
        BinaryPrimitives.WriteInt64LittleEndian(header[34..], entry.DurableExpiry);
        BinaryPrimitives.WriteInt64LittleEndian(header[42..], entry.FreshUntil);
        BinaryPrimitives.WriteUInt64LittleEndian(header[ChecksumOffset..], Checksum(header, ByteSequence.Hash(entry.Payload, fingerprint)));
    }

    /// <summary>Reads an item. False: it is truncated, damaged, of another key, of another program or of a format that this version does not know.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> item, long fingerprint, out Entry entry)
    {
        entry = default;
        ReadOnlySpan<byte> bytes = item.Span;
        if (bytes.Length < HeaderSize || bytes[0] != FormatVersion)
        {
            return false;
        }

        var kind = (EntryKind)(bytes[1] & KindMask);
        var encoding = (ValueEncoding)(bytes[1] >> EncodingShift);
        if (kind is < EntryKind.Value or > EntryKind.Bypass || !ValueCodec.Knows((long)encoding))
        {
            return false;
        }

        ulong stored = BinaryPrimitives.ReadUInt64LittleEndian(bytes[ChecksumOffset..]);
        if (stored != Checksum(bytes, XxHash3.HashToUInt64(bytes[HeaderSize..], fingerprint)))
        {
            return false;
        }

        entry = new Entry
        {
            Kind = kind,
            Version = BinaryPrimitives.ReadInt64LittleEndian(bytes[2..]),
            Lifetime = new EntryLifetime(BinaryPrimitives.ReadInt64LittleEndian(bytes[10..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[18..])),
            CopyExpiry = BinaryPrimitives.ReadInt64LittleEndian(bytes[26..]),
            DurableExpiry = BinaryPrimitives.ReadInt64LittleEndian(bytes[34..]),
            FreshUntil = BinaryPrimitives.ReadInt64LittleEndian(bytes[42..]),
            Payload = new ReadOnlySequence<byte>(item[HeaderSize..]),
            Encoding = encoding,
        };

        // What no writer writes is not ours, whatever its checksum says.
        return entry.Lifetime.Window >= 0 && kind switch
        {
            EntryKind.Value => true,
            EntryKind.Bypass => entry.Payload.Length == SizeBytes && encoding == ValueEncoding.None,
            _ => entry.Payload.IsEmpty && encoding == ValueEncoding.None,
        };
    }

    /// <summary>The payload of a bypass marker.</summary>
    public static ReadOnlySequence<byte> BypassPayload(long valueBytes)
    {
        byte[] payload = new byte[SizeBytes];
        BinaryPrimitives.WriteInt64LittleEndian(payload, valueBytes);
        return new ReadOnlySequence<byte>(payload);
    }

    /// <summary>How large the value is that a value's or a bypass marker's item tells of; 0 for what is too short to be one. Nothing else is checked.</summary>
    public static long ValueBytes(EntryKind kind, ReadOnlySpan<byte> item) => kind switch
    {
        EntryKind.Value => Math.Max(0, item.Length - HeaderSize),
        EntryKind.Bypass when item.Length == HeaderSize + SizeBytes => BinaryPrimitives.ReadInt64LittleEndian(item[HeaderSize..]),
        _ => 0,
    };

    private static ulong Checksum(ReadOnlySpan<byte> header, ulong ofPayload) => XxHash3.HashToUInt64(header[..ChecksumOffset], (long)ofPayload);
}
