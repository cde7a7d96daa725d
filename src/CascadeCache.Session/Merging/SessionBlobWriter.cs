using System.Buffers.Binary;

namespace CascadeCache.Session.Merging;

/// <summary>Writes a session in the form that <see cref="SessionBlob"/> reads.</summary>
internal static class SessionBlobWriter
{
    /// <summary>Writes the entries under an id.</summary>
    /// <returns>Null if the format or an array cannot hold them.</returns>
    public static byte[]? Write(ReadOnlySpan<byte> id, List<(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value)> entries)
    {
        long size = SessionBlob.HeaderLength;
        foreach ((ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value) in entries)
        {
            size += sizeof(ushort) + (long)name.Length + sizeof(uint) + value.Length;
        }

        if (entries.Count > SessionBlob.MaxEntries || size > Array.MaxLength)
        {
            return null;
        }

        byte[] bytes = new byte[size];
        BinaryPrimitives.WriteInt32BigEndian(bytes, entries.Count);
        bytes[0] = SessionBlob.Revision;
        id.CopyTo(bytes.AsSpan(SessionBlob.IdOffset));
        Span<byte> rest = bytes.AsSpan(SessionBlob.HeaderLength);
        foreach ((ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value) in entries)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)name.Length);
            rest = Append(rest[sizeof(ushort)..], name.Span);
            BinaryPrimitives.WriteInt32BigEndian(rest, value.Length);
            rest = Append(rest[sizeof(int)..], value.Span);
        }

        return bytes;
    }

    /// <summary>The same session under another's id; the array itself where the ids are equal or one of the two has none.</summary>
    public static byte[] WithIdOf(byte[] bytes, ReadOnlySpan<byte> other)
    {
        if (!SessionBlob.HasHeader(bytes) || !SessionBlob.HasHeader(other) || SessionBlob.IdOf(bytes).SequenceEqual(SessionBlob.IdOf(other)))
        {
            return bytes;
        }

        byte[] copy = [.. bytes];
        SessionBlob.IdOf(other).CopyTo(copy.AsSpan(SessionBlob.IdOffset));
        return copy;
    }

    private static Span<byte> Append(Span<byte> destination, ReadOnlySpan<byte> source)
    {
        source.CopyTo(destination);
        return destination[source.Length..];
    }
}
