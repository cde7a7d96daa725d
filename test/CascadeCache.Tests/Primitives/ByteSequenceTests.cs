using System.Buffers;
using System.IO.Hashing;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Values;
using CsCheck;

namespace CascadeCache.Tests.Primitives;

/// <summary>Bytes in pieces mean what the same bytes in an array mean.</summary>
public sealed class ByteSequenceTests
{
    private static readonly Gen<(byte[] Bytes, int[] Places)> Cut =
        from bytes in Gen.Byte.Array[0, 600]
        from places in Gen.Int[0, bytes.Length].Array[0, 12]
        select (bytes, places.Order().ToArray());

    [Fact]
    public void Pieces_are_joined_in_order_without_being_copied() => Cut.Sample(static cut =>
    {
        ReadOnlySequence<byte> joined = Pieces.CutAt(cut.Bytes, cut.Places);
        ReadOnlyMemory<byte>[] pieces = [.. Enumerate(joined)];

        Assert.Equal(cut.Bytes, joined.ToArray());
        Assert.Equal(cut.Bytes.Length, joined.Length);
        ReadOnlySequence<byte> again = ByteSequence.Of(pieces);
        Assert.All(pieces.Zip(Enumerate(again)), static pair => Assert.True(pair.First.Equals(pair.Second)));
    });

    [Fact]
    public void No_piece_and_one_piece_need_no_chain()
    {
        byte[] bytes = [1, 2, 3];

        Assert.True(ByteSequence.Of([]).IsEmpty);
        Assert.True(ByteSequence.Of([bytes]).IsSingleSegment);
        Assert.Same(bytes, ByteSequence.Of([bytes]).Start.GetObject());
    }

    [Fact]
    public void Hashes_do_not_know_how_bytes_are_cut() => Gen.Select(Cut, Gen.Long).Sample(static (cut, seed) =>
    {
        ReadOnlySequence<byte> bytes = Pieces.CutAt(cut.Bytes, cut.Places);

        Assert.Equal(XxHash3.HashToUInt64(cut.Bytes, seed), ByteSequence.Hash(bytes, seed));
        Assert.Equal(XxHash128.Hash(cut.Bytes), ByteSequence.LongHash(bytes));
        Assert.Equal(XxHash3.HashToUInt64(cut.Bytes, seed), ByteSequence.Hash(new ReadOnlySequence<byte>(cut.Bytes), seed));
        Assert.Equal(XxHash128.Hash(cut.Bytes), ByteSequence.LongHash(new ReadOnlySequence<byte>(cut.Bytes)));
    });

    [Fact]
    public void The_checksum_of_one_piece_takes_no_memory()
    {
        var bytes = new ReadOnlySequence<byte>(new byte[10_000]);
        ReadOnlySequence<byte> cut = Pieces.OfSize(new byte[10_000], 100);
        Assert.Equal(ByteSequence.Hash(cut, 1), ByteSequence.Hash(bytes, 1));

        Assert.Equal(0, AllocatedBy(() => ByteSequence.Hash(bytes, 1)));
        Assert.NotEqual(0, AllocatedBy(() => ByteSequence.Hash(cut, 1))); // or the measure would measure nothing
    }

    [Fact]
    public void What_is_written_to_a_destination_is_all_of_it_whatever_pieces_either_has() =>
        Gen.Select(Cut, Gen.Int[1, 700]).Sample(static (cut, size) =>
        {
            var writer = new OddWriter(size);
            ByteSequence.Write(Pieces.CutAt(cut.Bytes, cut.Places), writer);

            Assert.Equal(cut.Bytes, writer.Written);
            Assert.Equal((cut.Bytes.Length + size - 1) / size, writer.Advances);
            Assert.Equal(cut.Bytes.Length == 0 ? -1 : cut.Bytes.Length, writer.FirstHint);
        });

    [Fact]
    public void A_destination_that_grows_grows_once()
    {
        var writer = new ArrayBufferWriter<byte>();
        ByteSequence.Write(Pieces.OfSize(new byte[100_000], 4096), writer);

        Assert.Equal(100_000, writer.WrittenCount);
        Assert.Equal(100_000, writer.Capacity);
    }

    [Fact]
    public void A_destination_without_memory_is_told_of_and_not_asked_for_ever() =>
        Assert.Throws<InvalidOperationException>(static () => ByteSequence.Write(new ReadOnlySequence<byte>([1]), new OddWriter(0)));

    private static IEnumerable<ReadOnlyMemory<byte>> Enumerate(ReadOnlySequence<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            yield return piece;
        }
    }

    private static long AllocatedBy(Action action)
    {
        action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
