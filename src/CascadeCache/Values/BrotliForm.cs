using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace CascadeCache.Values;

/// <summary>How a compressed value is stored. Pure functions over spans; what they return is the caller's to dispose.</summary>
/// <remarks>
/// <code>
/// offset size content
///      0    4 length of the value, little-endian; more than all that is stored
///      4      one Brotli stream (RFC 7932), to the end
/// </code>
/// The length comes first so that the value is decompressed into memory of just that size: a stream that holds more is stopped by the end of the memory, not by the end of the
/// process. It is itself no more than a claim, so that a reader bounds it before it believes it.
/// </remarks>
internal static class BrotliForm
{
    public const int HeaderSize = 4;

    /// <summary>A compressed value is smaller by at least this part of it. Less would not pay for decompressing it at every read.</summary>
    public const int LeastSaving = 16;

    // The fastest that still compresses with entropy codes, and the library's own default of 4 MiB for the window.
    private const int Quality = 1;
    private const int WindowBits = 22;

    /// <returns>The stored form; null: the value does not shrink enough.</returns>
    public static PooledBytes? TryCompress(ReadOnlySpan<byte> value, ArrayPool<byte> pool)
    {
        int longest = value.Length - Math.Max(1, value.Length / LeastSaving);
        if (longest <= HeaderSize)
        {
            return null;
        }

        // What does not fit into this memory is not worth storing.
        var stored = new PooledBytes(pool, longest);
        Span<byte> bytes = stored.Memory.Span;
        if (!BrotliEncoder.TryCompress(value, bytes[HeaderSize..], out int written, Quality, WindowBits))
        {
            stored.Dispose();
            return null;
        }

        BinaryPrimitives.WriteInt32LittleEndian(bytes, value.Length);
        stored.Shorten(HeaderSize + written);
        return stored;
    }

    /// <param name="stored">What is stored.</param>
    /// <param name="maxBytes">The longest value that is believed.</param>
    /// <param name="pool">Where the value's memory comes from.</param>
    /// <returns>The value; null: it is not what <see cref="TryCompress"/> makes of one, or longer than is believed.</returns>
    public static PooledBytes? TryDecompress(ReadOnlySpan<byte> stored, int maxBytes, ArrayPool<byte> pool)
    {
        if (stored.Length <= HeaderSize)
        {
            return null;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(stored);
        if (length <= stored.Length || length > maxBytes)
        {
            return null;
        }

        var value = new PooledBytes(pool, length);
        using var decoder = new BrotliDecoder();
        OperationStatus status = decoder.Decompress(stored[HeaderSize..], value.Memory.Span, out int consumed, out int written);
        if (status == OperationStatus.Done && consumed == stored.Length - HeaderSize && written == length)
        {
            return value;
        }

        value.Dispose();
        return null;
    }
}
