using System.Buffers;
using System.IO.Hashing;

namespace CascadeCache.Primitives;

/// <summary>
/// What is done with bytes that may lie in several pieces of memory. Pure functions; what lies in one piece costs no more than a span would.
/// </summary>
internal static class ByteSequence
{
    /// <summary>The pieces one after the other; none is copied, so each has to stay as it is for as long as the sequence is used.</summary>
    public static ReadOnlySequence<byte> Of(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        switch (pieces)
        {
            case []:
                return ReadOnlySequence<byte>.Empty;
            case [var only]:
                return new ReadOnlySequence<byte>(only);
        }

        var first = new Piece(pieces[0], before: null);
        Piece last = first;
        for (int i = 1; i < pieces.Count; i++)
        {
            last = new Piece(pieces[i], last);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    /// <summary>XXH3, the same however the bytes are cut.</summary>
    public static ulong Hash(in ReadOnlySequence<byte> bytes, long seed)
    {
        if (bytes.IsSingleSegment)
        {
            return XxHash3.HashToUInt64(bytes.FirstSpan, seed);
        }

        var hash = new XxHash3(seed);
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            hash.Append(piece.Span);
        }

        return hash.GetCurrentHashAsUInt64();
    }

    /// <summary>The XXH3 of 128 bits, the same however the bytes are cut.</summary>
    public static byte[] LongHash(in ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsSingleSegment)
        {
            return XxHash128.Hash(bytes.FirstSpan);
        }

        var hash = new XxHash128();
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            hash.Append(piece.Span);
        }

        return hash.GetCurrentHash();
    }

    /// <summary>
    /// Copies the bytes once, straight to where the destination keeps them. It is told how many there are, so that one that grows does not do so step by step, copying
    /// what it has each time; but it may give its memory in pieces of any size.
    /// </summary>
    /// <exception cref="InvalidOperationException">The destination gives no memory.</exception>
    public static void Write(in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination)
    {
        ReadOnlySequence<byte> left = bytes;
        while (!left.IsEmpty)
        {
            Span<byte> room = destination.GetSpan((int)Math.Min(left.Length, Array.MaxLength));
            if (room.IsEmpty)
            {
                throw new InvalidOperationException($"{destination.GetType()} gave no memory to write to.");
            }

            ReadOnlySequence<byte> next = left.Slice(0, Math.Min(left.Length, room.Length));
            next.CopyTo(room);
            destination.Advance((int)next.Length);
            left = left.Slice(next.End);
        }
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is not null)
            {
                before.Next = this;
                RunningIndex = before.RunningIndex + before.Memory.Length;
            }
        }
    }
}
