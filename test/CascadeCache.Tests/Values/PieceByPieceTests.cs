using System.Buffers;
using System.Security.Cryptography;
using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Values;
using CascadeCache.Values;
using CsCheck;

namespace CascadeCache.Tests.Values;

/// <summary>Compression of values in pieces: what comes back is the value, whatever the pieces, and all memory is given back once on every way.</summary>
public sealed class PieceByPieceTests : IDisposable
{
    private const int Block = 128 * 1024;

    private readonly WatchedPool _pool = new();

    public void Dispose() => Assert.Equal(0, _pool.Open);

    [Fact]
    public void A_value_comes_back_however_it_and_its_stored_form_are_cut() =>
        Gen.Select(Gen.Byte[0, 3].Array[0, 2000], Gen.Byte.Array[0, 300], Gen.Int[0, 1000].Array[0, 9], Gen.Int[0, 1000].Array[0, 9]).Sample((dull, noise, cuts, storedCuts) =>
        {
            byte[] value = [.. dull, .. noise];
            using EncodedValue whole = Codec().Encode(new ReadOnlySequence<byte>(value));
            using EncodedValue encoded = Codec().Encode(Cut(value, cuts));

            AssertDecodes(value, encoded, storedCuts);
            AssertDecodes(value, whole, storedCuts);
            Assert.True(encoded.Bytes.Length <= value.Length);
        });

    // Where pieces are gathered, and where they are not.
    [Theory]
    [InlineData(Block)]
    [InlineData(Block + 1)]
    [InlineData((3 * Block) - 1)]
    [InlineData(1_000_000)]
    public void Values_around_the_size_of_a_block_come_back_in_every_form(int length)
    {
        byte[] value = Text(length);
        foreach ((string form, ReadOnlySequence<byte> bytes) in Pieces.FormsOf(value, 4, Block, 2 * Block, 3 * Block))
        {
            using EncodedValue encoded = Codec().Encode(bytes);

            Assert.True(encoded.Encoding == ValueEncoding.Brotli, form);
            Assert.True(encoded.Bytes.Length < length / 2, form);
            AssertDecodes(value, encoded, [BrotliForm.HeaderSize, BrotliForm.HeaderSize, 1 + (int)(encoded.Bytes.Length / 2)]);
        }
    }

    [Fact]
    public void Small_pieces_cost_next_to_nothing_of_what_is_saved()
    {
        byte[] value = Text(100_000);
        using EncodedValue whole = Codec().Encode(new ReadOnlySequence<byte>(value));
        using EncodedValue cut = Codec().Encode(Pieces.OfSize(value, 10));

        Assert.InRange(cut.Bytes.Length, 1, whole.Bytes.Length + 20);
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData((2 * Block) + 5)]
    public void What_does_not_shrink_by_a_sixteenth_stays_where_it_lies(int length)
    {
        ReadOnlySequence<byte> noise = Pieces.OfSize(RandomNumberGenerator.GetBytes(length), length / 3);
        using EncodedValue encoded = Codec().Encode(noise);

        Assert.Equal(ValueEncoding.None, encoded.Encoding);
        Assert.True(encoded.Bytes.Start.Equals(noise.Start) && encoded.Bytes.End.Equals(noise.End));
    }

    // The rule is the same as for a value in one piece, to the byte: the longest stored form that is worth it is taken, and no longer one.
    [Fact]
    public void The_limit_is_that_of_a_value_in_one_piece()
    {
        byte[] noise = RandomNumberGenerator.GetBytes(3000);
        Assert.All(Enumerable.Range(0, 600), zeros =>
        {
            byte[] value = [.. new byte[zeros], .. noise.AsSpan(zeros)];
            using EncodedValue whole = Codec().Encode(new ReadOnlySequence<byte>(value));
            using EncodedValue cut = Codec().Encode(Pieces.OfSize(value, 1000));

            Assert.True(cut.Bytes.Length <= (cut.Encoding == ValueEncoding.None ? 3000 : 3000 - (3000 / BrotliForm.LeastSaving)));
            Assert.Equal(whole.Encoding, cut.Encoding);
        });
    }

    [Fact]
    public void A_stored_form_in_pieces_that_is_damaged_is_refused_and_its_memory_given_back()
    {
        byte[] stored = Stored(Text(5000));
        Assert.All(Enumerable.Range(0, stored.Length), length => AssertRefused(stored[..length], 7));
        AssertRefused([.. stored, 0], stored.Length); // what is left over is a piece of its own
        AssertRefused([.. stored, 0], 5);
        AssertRefused([.. stored, .. stored], stored.Length);

        // Longer and shorter than recorded.
        foreach (int more in (int[])[-1, 1])
        {
            byte[] lies = [.. stored];
            BitConverter.TryWriteBytes(lies, 5000 + more);
            AssertRefused(lies, 11);
        }
    }

    [Fact]
    public void A_writers_memory_that_fails_while_it_is_compressed_leaves_nothing_open()
    {
        var lent = new LentSequence(Text(2 * Block));
        lent.TakeBack();

        Assert.Throws<InvalidOperationException>(() => Codec().Encode(lent.Bytes));
    }

    private void AssertDecodes(byte[] value, in EncodedValue encoded, int[] cuts)
    {
        Assert.True(Codec().TryDecode(Cut(encoded.Bytes.ToArray(), cuts), encoded.Encoding, out ReadOnlySequence<byte> read, out IDisposable? owner));
        Assert.Equal(value, read.ToArray());
        owner?.Dispose();
    }

    private void AssertRefused(byte[] stored, int size)
    {
        Assert.False(Codec().TryDecode(Pieces.OfSize(stored, size), ValueEncoding.Brotli, out _, out IDisposable? owner));
        Assert.Null(owner);
        Assert.Equal(0, _pool.Open);
    }

    private byte[] Stored(byte[] value)
    {
        using EncodedValue encoded = Codec().Encode(Pieces.OfSize(value, 100));
        Assert.Equal(ValueEncoding.Brotli, encoded.Encoding);
        return encoded.Bytes.ToArray();
    }

    private static ReadOnlySequence<byte> Cut(byte[] bytes, int[] places) => Pieces.CutAt(bytes, [.. places.Select(place => Math.Min(place, bytes.Length)).Order()]);

    private ValueCodec Codec() => new(1, _pool);

    private static byte[] Text(int length)
    {
        byte[] text = new byte[length];
        for (int i = 0; i < length; i++)
        {
            text[i] = (byte)("session value "[i % 14] + ((i >> 9) % 5));
        }

        return text;
    }
}
