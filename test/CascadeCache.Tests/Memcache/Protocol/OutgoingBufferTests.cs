using System.Text;
using CascadeCache.Memcache.Protocol;
using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Values;

namespace CascadeCache.Tests.Memcache.Protocol;

public sealed class OutgoingBufferTests
{
    private readonly WatchedPool _pool = new();
    private readonly OutgoingBuffer _buffer;

    public OutgoingBufferTests() => _buffer = new OutgoingBuffer(_pool);

    [Fact]
    public void Everything_stands_in_the_order_of_its_arrival()
    {
        _buffer.Append("a"u8);
        _buffer.AppendNumber(-12L);
        _buffer.AppendNumber(ulong.MaxValue);
        _buffer.Append(Pieces.CutAt("bcd"u8, 2, 2));
        _buffer.AppendNumber(long.MinValue);

        Assert.Equal("a-1218446744073709551615bcd-9223372036854775808", Text());
    }

    [Theory]
    [InlineData(OutgoingBuffer.FirstSize - 1, 0)]
    [InlineData(OutgoingBuffer.FirstSize, 0)]
    [InlineData(OutgoingBuffer.FirstSize + 1, 1)]
    [InlineData(OutgoingBuffer.FirstSize + OutgoingBuffer.FurtherSize, 1)]
    [InlineData(OutgoingBuffer.FirstSize + OutgoingBuffer.LargestSize, 1)]
    [InlineData(OutgoingBuffer.FirstSize + OutgoingBuffer.LargestSize + 100, 2)] // the pool gives a little more than it is asked for
    [InlineData(10_000_000, 10)]
    public void What_does_not_fit_goes_into_memory_of_the_pool_and_comes_back(int size, int pieces)
    {
        _buffer.Append(Encoding.ASCII.GetBytes(new string('x', size)));
        Assert.Equal((size, pieces), (_buffer.Length, _pool.Open));
        Assert.Equal(new string('x', size), Text());

        _buffer.Clear();
        Assert.Equal((0, 0), (_buffer.Length, _pool.Open));
    }

    [Fact]
    public void What_is_small_takes_small_pieces()
    {
        byte[] small = new byte[1000];
        for (_buffer.Append(new byte[OutgoingBuffer.FirstSize]); _buffer.Length < OutgoingBuffer.FirstSize + (3 * OutgoingBuffer.FurtherSize);)
        {
            _buffer.Append(small);
        }

        Assert.Equal(4, _pool.Open);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void What_is_written_is_what_was_appended_wherever_pieces_end(int seed)
    {
        var random = new Random(seed);
        for (int use = 0; use < 20; use++)
        {
            var expected = new StringBuilder();
            while (expected.Length < 200_000)
            {
                string text = new((char)('a' + random.Next(26)), random.Next(random.Next(2) == 0 ? 30 : 30_000));
                long number = random.NextInt64(long.MinValue, long.MaxValue);
                expected.Append(text).Append(number);
                _buffer.Append(Encoding.ASCII.GetBytes(text));
                _buffer.AppendNumber(number);
            }

            Assert.Equal(expected.ToString(), Text());
            _buffer.Clear();
            Assert.Equal(0, _pool.Open);
        }
    }

    [Fact]
    public void Cleared_it_is_empty_and_has_no_record_ends()
    {
        _buffer.Append("first"u8);
        _buffer.EndRecord();
        _buffer.Append("second"u8);
        _buffer.EndRecord();
        Assert.Equal([5, 11], _buffer.RecordEnds);

        _buffer.Clear();
        Assert.Equal(0, _buffer.Length);
        Assert.Empty(_buffer.RecordEnds);

        _buffer.Append("third"u8);
        Assert.Equal("third", Text());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(OutgoingBuffer.FirstSize)]
    [InlineData(OutgoingBuffer.FirstSize + 1)]
    [InlineData(OutgoingBuffer.FirstSize + OutgoingBuffer.FurtherSize)]
    [InlineData(OutgoingBuffer.FirstSize + OutgoingBuffer.FurtherSize + 7)]
    [InlineData(OutgoingBuffer.FirstSize + OutgoingBuffer.LargestSize + 7)]
    public void What_was_begun_can_be_taken_back(int kept)
    {
        _buffer.Append(Encoding.ASCII.GetBytes(new string('a', kept)));
        _buffer.EndRecord();
        int pieces = _pool.Open;
        for (int size = 1; size < 200_000; size *= 3)
        {
            _buffer.Append(new byte[size]);
            _buffer.EndRecord();
            _buffer.Truncate(kept);

            Assert.Equal((kept, pieces), (_buffer.Length, _pool.Open));
            Assert.Equal([kept], _buffer.RecordEnds);
        }

        _buffer.Append("b"u8);
        Assert.Equal(new string('a', kept) + "b", Text());
    }

    [Fact]
    public void A_small_buffer_is_one_write() => Assert.Equal(["firstsecond"], Writes(endsRecords: false, "first", "second"));

    [Fact]
    public void A_record_ends_where_it_has_to() => Assert.Equal(["first", "second"], Writes(endsRecords: true, "first", "second"));

    // Wherever the pieces of the buffer end, a write never goes beyond the end of a record.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void No_record_holds_what_follows_the_end_of_another(int seed)
    {
        var random = new Random(seed);
        string[] texts = [.. Enumerable.Range(0, 60).Select(i => new string((char)('a' + (i % 26)), random.Next(1, 20_000)))];
        texts[0] = new string('z', OutgoingBuffer.FirstSize); // a record that ends with a piece

        string[] writes = Writes(endsRecords: true, texts);

        Assert.Equal(string.Concat(texts), string.Concat(writes));
        Assert.All(writes, static write => Assert.Equal(-1, write.AsSpan().IndexOfAnyExcept(write[0])));
    }

    private string[] Writes(bool endsRecords, params string[] records)
    {
        foreach (string record in records)
        {
            _buffer.Append(Encoding.ASCII.GetBytes(record));
            _buffer.EndRecord();
        }

        using var stream = new RecordingStream();
        _buffer.WriteTo(stream, endsRecords);
        return [.. stream.Writes];
    }

    private string Text()
    {
        using var stream = new RecordingStream();
        _buffer.WriteTo(stream, endsRecords: false);
        return string.Concat(stream.Writes);
    }

    private sealed class RecordingStream : MemoryStream
    {
        public List<string> Writes { get; } = [];

        public override void Write(ReadOnlySpan<byte> buffer) => Writes.Add(Encoding.ASCII.GetString(buffer));
    }
}
