using System.Buffers;
using System.IO.Compression;

namespace CascadeCache.Values;

/// <summary>
/// Brotli over a value that lies in several pieces of memory, without joining it. Pure functions. Both need room for one byte more than is of use: neither encoder nor decoder tells that it
/// has come to the end when the room has, too.
/// </summary>
internal static class PieceByPiece
{
    // What the encoder gets at once it looks at by itself, so small pieces are gathered up to this size; larger ones go to it from where they lie.
    private const int BlockBytes = 128 * 1024;

    /// <returns>False: the stream does not fit.</returns>
    public static bool TryCompress(in ReadOnlySequence<byte> value, Span<byte> destination, int quality, int windowBits, ArrayPool<byte> pool, out int written)
    {
        written = 0;
        byte[] block = pool.Rent((int)Math.Min(value.Length, BlockBytes));
        int filled = 0;
        var encoder = new BrotliEncoder(quality, windowBits);
        try
        {
            foreach (ReadOnlyMemory<byte> piece in value)
            {
                ReadOnlySpan<byte> rest = piece.Span;
                if (filled == 0 && rest.Length >= BlockBytes)
                {
                    if (!TryFeed(ref encoder, rest, destination, ref written, isLast: false))
                    {
                        return false;
                    }

                    continue;
                }

                while (!rest.IsEmpty)
                {
                    int taken = Math.Min(rest.Length, Math.Min(block.Length, BlockBytes) - filled);
                    rest[..taken].CopyTo(block.AsSpan(filled));
                    filled += taken;
                    rest = rest[taken..];
                    if (filled == BlockBytes)
                    {
                        if (!TryFeed(ref encoder, block.AsSpan(0, filled), destination, ref written, isLast: false))
                        {
                            return false;
                        }

                        filled = 0;
                    }
                }
            }

            return TryFeed(ref encoder, block.AsSpan(0, filled), destination, ref written, isLast: true);
        }
        finally
        {
            encoder.Dispose();
            pool.Return(block);
        }
    }

    /// <returns>False: it is not one whole stream and nothing else, or what it holds does not fit.</returns>
    public static bool TryDecompress(in ReadOnlySequence<byte> stream, Span<byte> destination, out int written)
    {
        written = 0;
        bool isDone = false;
        var decoder = new BrotliDecoder();
        try
        {
            foreach (ReadOnlyMemory<byte> piece in stream)
            {
                if (piece.IsEmpty)
                {
                    continue;
                }

                if (isDone)
                {
                    return false;
                }

                OperationStatus status = decoder.Decompress(piece.Span, destination[written..], out int consumed, out int more);
                written += more;
                isDone = status == OperationStatus.Done;
                if (status is not (OperationStatus.Done or OperationStatus.NeedMoreData) || consumed != piece.Length)
                {
                    return false;
                }
            }

            return isDone;
        }
        finally
        {
            decoder.Dispose();
        }
    }

    private static bool TryFeed(ref BrotliEncoder encoder, ReadOnlySpan<byte> bytes, Span<byte> destination, ref int written, bool isLast)
    {
        OperationStatus status = encoder.Compress(bytes, destination[written..], out int consumed, out int more, isLast);
        written += more;
        return status == OperationStatus.Done && consumed == bytes.Length;
    }
}
