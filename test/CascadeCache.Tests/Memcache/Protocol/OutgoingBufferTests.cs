using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Tests.Memcache.Protocol;

public sealed class OutgoingBufferTests
{
    private readonly OutgoingBuffer _buffer = new();

    [Fact]
    public void Everything_stands_in_the_order_of_its_arrival()
    {
        _buffer.Append("a"u8);
        _buffer.AppendNumber(-12L);
        _buffer.AppendNumber(ulong.MaxValue);
        _buffer.Append(Segments("bc", "", "d"));
        _buffer.AppendNumber(long.MinValue);

        Assert.Equal("a-1218446744073709551615bcd-9223372036854775808", Text);
    }

    [Theory]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public void It_grows_and_keeps_what_it_has(int size)
    {
        string large = new('x', size);
        _buffer.Append("first"u8);
        _buffer.Append(Encoding.ASCII.GetBytes(large));
        _buffer.AppendNumber(7L);

        Assert.Equal("first" + large + "7", Text);
    }

    [Fact]
    public void It_grows_by_doubling_so_that_many_small_requests_are_not_copied_again_and_again()
    {
        _buffer.Append(new byte[4096]);
        _buffer.Append("x"u8);

        Assert.Equal(8192, Capacity);
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
        Assert.Equal("third", Text);
    }

    [Theory]
    [InlineData(200_000, 200_000)]
    [InlineData(300_000, 4096)]
    public void One_large_value_does_not_keep_its_memory(int size, int kept)
    {
        _buffer.Append(new byte[size]);
        Assert.Equal(size, Capacity);

        _buffer.Clear();

        Assert.Equal(kept, Capacity);
    }

    private string Text => Encoding.ASCII.GetString(_buffer.Bytes.Span);

    private int Capacity => MemoryMarshal.TryGetArray(_buffer.Bytes, out ArraySegment<byte> segment) ? segment.Array!.Length : 0;

    private static ReadOnlySequence<byte> Segments(params string[] texts)
    {
        var first = new Segment(Encoding.ASCII.GetBytes(texts[0]), null);
        Segment last = texts.Skip(1).Aggregate(first, static (before, text) => new Segment(Encoding.ASCII.GetBytes(text), before));
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, Segment? before)
        {
            Memory = bytes;
            if (before is not null)
            {
                before.Next = this;
                RunningIndex = before.RunningIndex + before.Memory.Length;
            }
        }
    }
}
