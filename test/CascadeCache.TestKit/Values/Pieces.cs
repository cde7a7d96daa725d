using System.Buffers;
using CascadeCache.Primitives;

namespace CascadeCache.TestKit.Values;

/// <summary>The same bytes in every form that a sequence can have.</summary>
internal static class Pieces
{
    /// <summary>Cuts at places; a place that is named twice makes an empty piece there, and so do 0 and the end. Each piece lies in the middle of memory of its own.</summary>
    public static ReadOnlySequence<byte> CutAt(ReadOnlySpan<byte> bytes, params ReadOnlySpan<int> places)
    {
        var pieces = new List<ReadOnlyMemory<byte>>();
        int start = 0;
        foreach (int place in (ReadOnlySpan<int>)[.. places, bytes.Length])
        {
            byte[] own = new byte[place - start + 8];
            own.AsSpan().Fill(0xEE);
            bytes[start..place].CopyTo(own.AsSpan(3));
            pieces.Add(own.AsMemory(3, place - start));
            start = place;
        }

        return ByteSequence.Of(pieces);
    }

    /// <summary>Pieces of one size, the last perhaps shorter.</summary>
    public static ReadOnlySequence<byte> OfSize(ReadOnlySpan<byte> bytes, int size) =>
        CutAt(bytes, [.. Enumerable.Range(1, Math.Max(0, (bytes.Length - 1) / size)).Select(i => i * size)]);

    /// <summary>A piece of a longer sequence, that begins and ends inside of segments.</summary>
    public static ReadOnlySequence<byte> Inside(ReadOnlySpan<byte> bytes, int size) =>
        OfSize([1, 2, 3, .. bytes, 4, 5], size).Slice(3, bytes.Length);

    /// <summary>Every form, cut at the given places and right before and behind them.</summary>
    public static IEnumerable<(string Form, ReadOnlySequence<byte> Bytes)> FormsOf(byte[] bytes, params int[] borders)
    {
        int length = bytes.Length;
        int half = length / 2;
        yield return ("an array", new ReadOnlySequence<byte>(bytes));
        yield return ("a part of an array", Inside(bytes, length + 100));
        yield return ("empty pieces at both ends and in the middle", CutAt(bytes, 0, 0, half, half, half, length, length));
        yield return ("one byte apart at both ends", length > 1 ? CutAt(bytes, 1, length - 1) : CutAt(bytes, 0));
        yield return ("pieces of 7 bytes, from the inside of one to the inside of another", Inside(bytes, length > 100_000 ? 65_521 : 7));
        if (length <= 5000)
        {
            yield return ("bytes", OfSize(bytes, 1));
        }

        foreach (int border in borders)
        {
            foreach (int place in (int[])[border - 1, border, border + 1])
            {
                if (place > 0 && place < length)
                {
                    yield return ($"cut at {place}", CutAt(bytes, place));
                }
            }
        }

        int[] inside = [.. borders.Where(border => border > 0 && border < length).Order()];
        yield return ("cut at all borders", CutAt(bytes, inside));
    }
}
