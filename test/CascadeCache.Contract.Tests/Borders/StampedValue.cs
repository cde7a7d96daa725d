using System.Buffers.Binary;

namespace CascadeCache.Contract.Tests.Borders;

/// <summary>A value that proves itself: its version, its length, and bytes that follow from both.</summary>
internal static class StampedValue
{
    public const int LeastBytes = 16;

    public static byte[] Of(int version, int length)
    {
        byte[] value = Entries.Bytes(length, version);
        BinaryPrimitives.WriteInt64LittleEndian(value, version);
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(8), length);
        return value;
    }

    /// <summary>The version; null: it is not what any writer has written.</summary>
    public static int? VersionOf(ReadOnlySpan<byte> value)
    {
        if (value.Length < LeastBytes)
        {
            return null;
        }

        long version = BinaryPrimitives.ReadInt64LittleEndian(value);
        return version is > 0 and < int.MaxValue && value.SequenceEqual(Of((int)version, value.Length)) ? (int)version : null;
    }
}
