using System.Security.Cryptography;
using System.Text;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Values;
using CsCheck;

namespace CascadeCache.Tests.Values;

/// <summary>What is compressed, what is not, and that either comes back.</summary>
public sealed class ValueCodecTests : IDisposable
{
    private const int Threshold = 100;

    // 140 bytes of text, stored by this form's first version.
    private const string Golden = "8C000000" + "8B45000080AAAAAAEAFF7465BEF3F5CA007C20000687DC0A9C8E278C40638331C78E76854719AC9F67";

    private readonly WatchedPool _pool = new();

    public void Dispose() => Assert.Equal(0, _pool.Open);

    [Theory]
    [InlineData(Threshold - 1, false)]
    [InlineData(Threshold, true)]
    [InlineData(Threshold + 1, true)]
    [InlineData(0, false)]
    public void From_the_threshold_on_values_are_compressed(int length, bool isCompressed)
    {
        using EncodedValue encoded = Codec(Threshold).Encode(new byte[length]);

        Assert.Equal(isCompressed ? ValueEncoding.Brotli : ValueEncoding.None, encoded.Encoding);
        Assert.Equal(isCompressed, encoded.Bytes.Length < length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Without_a_threshold_nothing_is_compressed_and_an_empty_value_never_is(long threshold)
    {
        byte[] value = new byte[threshold == 0 ? 100_000 : 0];
        using EncodedValue encoded = Codec(threshold).Encode(value);

        Assert.Equal(ValueEncoding.None, encoded.Encoding);
        Assert.True(encoded.Bytes.First.Equals(value.AsMemory()), "the value's own memory is stored");
        Assert.Equal(0, _pool.Rents);
    }

    [Fact]
    public void A_value_that_does_not_shrink_is_stored_as_it_is()
    {
        byte[] noise = Noise(10_000);
        using EncodedValue encoded = Codec(1).Encode(noise);

        Assert.Equal(ValueEncoding.None, encoded.Encoding);
        Assert.True(encoded.Bytes.First.Equals(noise.AsMemory()));
        Assert.Equal((1, 0), (_pool.Rents, _pool.Open));
    }

    [Fact]
    public void It_has_to_shrink_by_a_sixteenth()
    {
        // Noise after a run of zeros: with a longer run the value shrinks by more. Somewhere between none and half is the first that is worth it.
        int run = Enumerable.Range(0, 8000).First(zeros => Encodes(zeros));

        Assert.InRange(run, 16_000 / BrotliForm.LeastSaving, (16_000 / BrotliForm.LeastSaving) + 100);
        Assert.True(Encodes(run + 100));

        bool Encodes(int zeros)
        {
            using EncodedValue encoded = Codec(1).Encode((byte[])[.. new byte[zeros], .. Noise(16_000 - zeros)]);
            Assert.True(encoded.Encoding == ValueEncoding.None || encoded.Bytes.Length <= 16_000 - (16_000 / BrotliForm.LeastSaving));
            return encoded.Encoding == ValueEncoding.Brotli;
        }
    }

    [Fact]
    public void Every_value_comes_back_whoever_encoded_it() =>
        Gen.Select(Gen.Byte[0, 3].Array[0, 2000], Gen.Byte.Array[0, 300], Gen.Long[0, 500]).Sample((dull, noise, threshold) => AssertComesBack([.. dull, .. noise], threshold));

    [Theory]
    [InlineData(1 << 16)]
    [InlineData((1 << 16) + 1)]
    [InlineData(1 << 22)] // the whole window, and around it
    [InlineData((1 << 22) - 16)]
    [InlineData((1 << 22) + 1)]
    [InlineData(1 << 23)]
    [InlineData((1 << 24) + 5)]
    public void Large_values_come_back(int length)
    {
        byte[] value = new byte[length];
        for (int i = 0; i < length; i++)
        {
            value[i] = (byte)((i * 31L) >> (i % 7));
        }

        AssertComesBack(value, threshold: 1);
        AssertComesBack(new byte[length], threshold: 1);
    }

    [Fact]
    public void What_is_longer_than_a_reader_believes_is_not_compressed()
    {
        using (EncodedValue longest = Codec(1, max: 1000).Encode(new byte[1000]))
        {
            Assert.Equal(ValueEncoding.Brotli, longest.Encoding);
            Assert.True(Codec(0, max: 1000).TryDecode(longest.Bytes, longest.Encoding, out _, out IDisposable? owner));
            owner!.Dispose();
        }

        using EncodedValue longer = Codec(1, max: 1000).Encode(new byte[1001]);
        Assert.Equal(ValueEncoding.None, longer.Encoding);
    }

    [Fact]
    public void The_longest_is_64_MiB()
    {
        using EncodedValue encoded = new ValueCodec(1, _pool).Encode(new byte[ValueCodec.MaxDecodedBytes]);
        Assert.Equal(ValueEncoding.Brotli, encoded.Encoding);
        using EncodedValue longer = new ValueCodec(1, _pool).Encode(new byte[ValueCodec.MaxDecodedBytes + 1]);
        Assert.Equal(ValueEncoding.None, longer.Encoding);
    }

    [Fact]
    public void The_stored_bytes_of_the_first_version_can_be_read()
    {
        Assert.True(Codec(0).TryDecode(Convert.FromHexString(Golden), ValueEncoding.Brotli, out ReadOnlyMemory<byte> value, out IDisposable? owner));

        Assert.Equal(string.Concat(Enumerable.Repeat("hello, hello! ", 10)), Encoding.ASCII.GetString(value.Span));
        owner!.Dispose();
    }

    [Fact]
    public void The_numbers_that_are_stored_stay()
    {
        Assert.Equal([(0, "None"), (1, "Brotli")], Enum.GetValues<ValueEncoding>().Select(static e => ((int)e, e.ToString())));
        Assert.All(Enum.GetValues<ValueEncoding>(), static e => Assert.True(ValueCodec.Knows((long)e) && (int)e < 16));
        Assert.All((long[])[-1, 2, 15, 256, 257, long.MaxValue], static n => Assert.False(ValueCodec.Knows(n)));
    }

    [Fact]
    public void What_is_not_encoded_is_neither_copied_nor_owned()
    {
        byte[] stored = Convert.FromHexString(Golden); // whatever it looks like
        Assert.True(Codec(Threshold).TryDecode(stored, ValueEncoding.None, out ReadOnlyMemory<byte> value, out IDisposable? owner));

        Assert.True(value.Equals(stored.AsMemory()));
        Assert.Equal((null, 0), (owner, _pool.Rents));
    }

    [Fact]
    public void An_encoding_that_is_not_known_is_refused_whatever_the_bytes() =>
        Assert.False(Codec(0).TryDecode(Convert.FromHexString(Golden), (ValueEncoding)2, out _, out _));

    [Fact]
    public void What_was_decoded_keeps_its_bytes_until_its_owner_gives_them_back_and_what_was_encoded_too()
    {
        byte[] value = new byte[500];
        EncodedValue encoded = Codec(1).Encode(value);
        byte[] stored = encoded.Bytes.ToArray();
        Assert.True(Codec(0).TryDecode(encoded.Bytes, encoded.Encoding, out ReadOnlyMemory<byte> read, out IDisposable? owner));
        ReadOnlyMemory<byte> written = encoded.Bytes.First;
        encoded.Dispose();
        encoded.Dispose(); // no more than once in effect
        Assert.Equal(value, read.ToArray());
        owner!.Dispose();
        owner.Dispose();

        // The watched pool makes a late use visible: without that the tests of the flows would prove nothing.
        Assert.NotEqual(stored, written.ToArray());
        Assert.All(read.ToArray(), static b => Assert.Equal(WatchedPool.Returned, b));
    }

    private void AssertComesBack(byte[] value, long threshold)
    {
        using EncodedValue encoded = Codec(threshold).Encode(value);
        Assert.True(encoded.Bytes.Length <= value.Length);
        Assert.True(Codec(0).TryDecode(encoded.Bytes, encoded.Encoding, out ReadOnlyMemory<byte> read, out IDisposable? owner));
        Assert.True(read.Span.SequenceEqual(value));
        owner?.Dispose();
    }

    private ValueCodec Codec(long threshold, int max = ValueCodec.MaxDecodedBytes) => new(threshold, _pool, max);

    // The same every time, and without any order that a compressor could find.
    private static byte[] Noise(int length) =>
        [.. Enumerable.Range(0, (length + 31) / 32).SelectMany(static i => SHA256.HashData(BitConverter.GetBytes(i))).Take(length)];
}
