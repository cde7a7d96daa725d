using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace CascadeCache.Session.Merging;

/// <summary>
/// A session as the stock session stores it, taken apart; refers to the bytes it was read from. Strict: what the stock session would not have written in exactly this form is not a session, so
/// that nothing is ever rewritten that is not understood to the last byte.
/// </summary>
/// <remarks>
/// <code>
/// offset  size
/// 0       1     revision, 2
/// 1       3     number of entries
/// 4       16    id of the session
/// 20      2     length of the name ┐
///         n     name, UTF-8        │ per entry, no name twice, nothing after the last
///         4     length of the value│
///         m     value              ┘
/// </code>
/// Numbers are big-endian. Names are compared by their bytes.
/// </remarks>
internal sealed class SessionBlob
{
    public const byte Revision = 2;
    public const int IdOffset = 4;
    public const int IdLength = 16;
    public const int HeaderLength = IdOffset + IdLength;
    public const int MaxEntries = 0xFFFFFF;

    private const int SmallestEntry = sizeof(ushort) + sizeof(uint);

    private readonly ReadOnlyMemory<byte> _bytes;

    private SessionBlob(ReadOnlyMemory<byte> bytes, OrderedDictionary<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> entries) => (_bytes, Entries) = (bytes, entries);

    /// <summary>Values by name, in stored order.</summary>
    public OrderedDictionary<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> Entries { get; }

    public ReadOnlySpan<byte> Id => IdOf(_bytes.Span);

    public static bool TryParse(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out SessionBlob? blob)
    {
        blob = null;
        if (!HasHeader(bytes.Span))
        {
            return false;
        }

        int count = (bytes.Span[1] << 16) | BinaryPrimitives.ReadUInt16BigEndian(bytes.Span[2..]);
        ReadOnlyMemory<byte> rest = bytes[HeaderLength..];
        if (count > rest.Length / SmallestEntry)
        {
            return false;
        }

        var entries = new OrderedDictionary<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(count, BytesComparer.Instance);
        for (int i = 0; i < count; i++)
        {
            if (!TryTake(ref rest, sizeof(ushort), out ReadOnlyMemory<byte> name) || !TryTake(ref rest, sizeof(uint), out ReadOnlyMemory<byte> value) || !entries.TryAdd(name, value))
            {
                return false;
            }
        }

        if (rest.Length > 0)
        {
            return false;
        }

        blob = new SessionBlob(bytes, entries);
        return true;
    }

    /// <summary>Whether this begins as a session does, so that it has an id.</summary>
    public static bool HasHeader(ReadOnlySpan<byte> bytes) => bytes.Length >= HeaderLength && bytes[0] == Revision;

    public static ReadOnlySpan<byte> IdOf(ReadOnlySpan<byte> bytes) => bytes.Slice(IdOffset, IdLength);

    private static bool TryTake(ref ReadOnlyMemory<byte> rest, int prefix, out ReadOnlyMemory<byte> part)
    {
        part = default;
        if (rest.Length < prefix)
        {
            return false;
        }

        uint length = prefix == sizeof(ushort) ? BinaryPrimitives.ReadUInt16BigEndian(rest.Span) : BinaryPrimitives.ReadUInt32BigEndian(rest.Span);
        if (length > rest.Length - prefix)
        {
            return false;
        }

        part = rest.Slice(prefix, (int)length);
        rest = rest[(prefix + (int)length)..];
        return true;
    }

    private sealed class BytesComparer : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public static readonly BytesComparer Instance = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        // Seeded per process: names may come from outside, and must not be made to collide.
        public int GetHashCode(ReadOnlyMemory<byte> obj)
        {
            var hash = default(HashCode);
            hash.AddBytes(obj.Span);
            return hash.ToHashCode();
        }
    }
}
