using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Values;
using CsCheck;

namespace CascadeCache.Tests.Values;

/// <summary>Stored bytes that nobody encoded: nothing throws, nothing takes more memory than the longest value, and only the value itself is believed.</summary>
public sealed class HostileValueTests : IDisposable
{
    private const int Max = 10_000;

    private static readonly Gen<byte[]> Values = Gen.Byte[0, 3].Array[100, 2000];

    private readonly WatchedPool _pool = new();

    private delegate bool Decoder(ReadOnlySpan<byte> stored, WatchedPool pool);

    public void Dispose() => Assert.Equal(0, _pool.Open);

    [Fact]
    public void Every_truncation_is_refused() => Assert.True(RefusesTruncations(Decode));

    [Fact]
    public void Every_appended_byte_is_refused() => Assert.True(RefusesLeftovers(Decode));

    [Fact]
    public void A_second_stream_is_refused()
    {
        byte[] stored = Stored(new byte[200]);

        Assert.False(Decode([.. stored, .. stored[BrotliForm.HeaderSize..]], _pool));
    }

    [Fact]
    public void Every_other_length_than_the_values_own_is_refused() => Assert.True(RefusesForgedLengths(Decode));

    [Fact]
    public void A_bomb_is_refused_without_memory_for_it()
    {
        Assert.True(RefusesBombs(Decode, _pool));
        Assert.InRange(_pool.Largest, 1, Max);
    }

    [Fact]
    public void A_flipped_bit_gives_a_value_of_the_recorded_length_or_none()
    {
        Gen.Select(Values, Gen.Int[0, int.MaxValue]).Sample((value, at) =>
        {
            byte[] stored = Stored(value);
            at %= stored.Length * 8;
            stored[at / 8] ^= (byte)(1 << (at % 8));
            if (Codec().TryDecode(stored, ValueEncoding.Brotli, out ReadOnlyMemory<byte> read, out IDisposable? owner))
            {
                Assert.Equal(BinaryPrimitives.ReadInt32LittleEndian(stored), read.Length);
                owner!.Dispose();
            }
        });
        Assert.InRange(_pool.Largest, 1, Max);
    }

    [Fact]
    public void Foreign_bytes_are_refused_or_are_a_value_of_bounded_length()
    {
        Gen.Byte.Array[0, 200].Sample(foreign =>
        {
            if (Codec().TryDecode(foreign, ValueEncoding.Brotli, out ReadOnlyMemory<byte> read, out IDisposable? owner))
            {
                Assert.InRange(read.Length, foreign.Length + 1, Max);
                owner!.Dispose();
            }
        });
        Assert.InRange(_pool.Largest, 0, Max);
    }

    [Fact]
    public void A_value_that_did_not_shrink_is_refused_because_nobody_stores_it()
    {
        byte[] stored = new byte[100];
        Assert.True(BrotliEncoder.TryCompress([1, 2, 3, 4, 5], stored.AsSpan(BrotliForm.HeaderSize), out int written));
        BinaryPrimitives.WriteInt32LittleEndian(stored, 5);

        Assert.False(Decode(stored.AsSpan(0, BrotliForm.HeaderSize + written), _pool));
        Assert.Equal(0, _pool.Rents);
    }

    [Fact]
    public void A_decoder_without_a_bound_for_the_length_is_caught()
    {
        RefusesBombs(Unbounded, _pool);

        Assert.True(_pool.Largest > Max);
    }

    [Fact]
    public void A_decoder_that_takes_the_first_part_of_what_there_is_is_caught()
    {
        Assert.False(RefusesLeftovers(FirstPart));
        Assert.False(RefusesForgedLengths(FirstPart));
    }

    private static bool RefusesTruncations(Decoder decode)
    {
        byte[] stored = Stored([.. new byte[500], .. "and more"u8]);
        return Enumerable.Range(0, stored.Length).All(n => !decode(stored.AsSpan(0, n), new WatchedPool()));
    }

    private static bool RefusesLeftovers(Decoder decode)
    {
        byte[] stored = Stored(new byte[500]);
        return Enumerable.Range(0, 256).All(b => !decode([.. stored, (byte)b], new WatchedPool()));
    }

    private static bool RefusesForgedLengths(Decoder decode)
    {
        byte[] stored = Stored(new byte[500]);
        int[] lengths = [.. Enumerable.Range(-600, 1200).Where(static n => n != 500), 501, 1000, Max, Max + 1, int.MaxValue, int.MinValue];
        return lengths.Where(static n => n != 500).All(length =>
        {
            BinaryPrimitives.WriteInt32LittleEndian(stored, length);
            return !decode(stored, new WatchedPool());
        });
    }

    private static bool RefusesBombs(Decoder decode, WatchedPool pool)
    {
        byte[] bomb = Stored(new byte[5_000_000]);
        bool isRefused = true;
        foreach (int length in (int[])[bomb.Length + 1, Max, Max + 1, 5_000_000])
        {
            BinaryPrimitives.WriteInt32LittleEndian(bomb, length);
            isRefused &= !decode(bomb, pool);
        }

        return isRefused;
    }

    private static bool Decode(ReadOnlySpan<byte> stored, WatchedPool pool)
    {
        bool isDecoded = Codec(pool).TryDecode(stored.ToArray(), ValueEncoding.Brotli, out _, out IDisposable? owner);
        owner?.Dispose();
        Assert.Equal(0, pool.Open);
        return isDecoded;
    }

    private static bool Unbounded(ReadOnlySpan<byte> stored, WatchedPool pool)
    {
        using PooledBytes? value = BrotliForm.TryDecompress(stored.ToArray().ToSequence(), int.MaxValue, pool);
        return value is not null;
    }

    private static bool FirstPart(ReadOnlySpan<byte> stored, WatchedPool pool)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(stored);
        using var value = new PooledBytes(pool, Math.Clamp(length, 0, Max));
        using var decoder = new BrotliDecoder();
        return decoder.Decompress(stored[BrotliForm.HeaderSize..], value.Memory.Span, out _, out _) is OperationStatus.Done or OperationStatus.DestinationTooSmall;
    }

    private static byte[] Stored(byte[] value)
    {
        using EncodedValue encoded = new ValueCodec(1).Encode(value);
        Assert.Equal(ValueEncoding.Brotli, encoded.Encoding);
        return encoded.Bytes.ToArray();
    }

    private static ValueCodec Codec(WatchedPool pool) => new(0, pool, Max);

    private ValueCodec Codec() => Codec(_pool);
}
