using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using CascadeCache.Primitives;

namespace CascadeCache.Values;

/// <summary>How a compressed value is stored. Pure functions; what they return is the caller's to dispose.</summary>
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
    public static PooledBytes? TryCompress(in ReadOnlySequence<byte> value, ArrayPool<byte> pool)
    {
        int length = (int)value.Length;
        int longest = length - Math.Max(1, length / LeastSaving);
        if (longest <= HeaderSize)
        {
            return null;
        }

        // What does not fit into this memory is not worth storing.
        var stored = new PooledBytes(pool, value.IsSingleSegment ? longest : longest + 1);
        bool isWorthStoring = false;
        try
        {
            Span<byte> bytes = stored.Memory.Span;
            bool isCompressed = value.IsSingleSegment
                ? BrotliEncoder.TryCompress(value.FirstSpan, bytes[HeaderSize..], out int written, Quality, WindowBits)
                : PieceByPiece.TryCompress(value, bytes[HeaderSize..], Quality, WindowBits, pool, out written);
            isWorthStoring = isCompressed && HeaderSize + written <= longest;
            if (!isWorthStoring)
            {
                return null;
            }

            BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
            stored.Shorten(HeaderSize + written);
            return stored;
        }
        finally
        {
            // Also when the caller's memory fails: it may be of any kind.
            if (!isWorthStoring)
            {
                stored.Dispose();
            }
        }
    }

    /// <param name="stored">What is stored.</param>
    /// <param name="maxBytes">The longest value that is believed.</param>
    /// <param name="pool">Where the value's memory comes from.</param>
    /// <returns>The value; null: it is not what <see cref="TryCompress"/> makes of one, or longer than is believed.</returns>
    public static PooledBytes? TryDecompress(in ReadOnlySequence<byte> stored, int maxBytes, ArrayPool<byte> pool)
    {
        if (stored.Length <= HeaderSize)
        {
            return null;
        }

        Span<byte> header = stackalloc byte[HeaderSize];
        stored.Slice(0, HeaderSize).CopyTo(header);
        int length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length <= stored.Length || length > maxBytes)
        {
            return null;
        }

        ReadOnlySequence<byte> stream = stored.Slice(HeaderSize);
        bool isWhole = stream.IsSingleSegment;
        var value = new PooledBytes(pool, isWhole ? length : length + 1);
        if ((isWhole ? TryDecompress(stream.FirstSpan, value.Memory.Span, out int written) : PieceByPiece.TryDecompress(stream, value.Memory.Span, out written)) && written == length)
        {
            value.Shorten(length);
            return value;
        }

        value.Dispose();
        return null;
    }

    private static bool TryDecompress(ReadOnlySpan<byte> stream, Span<byte> destination, out int written)
    {
        using var decoder = new BrotliDecoder();
        return decoder.Decompress(stream, destination, out int consumed, out written) == OperationStatus.Done && consumed == stream.Length;
    }
}
