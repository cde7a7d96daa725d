using System.Text;
using CascadeCache.Memcache.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.Memcache.Protocol;

public sealed class ReplyScannerTests
{
    private const string Replies = "VA 5 c1 kk O1\r\nhe\r\no\r\nHD c2 kk O2\r\nVA 0 c3 W\r\n\r\nEN\r\n";

    [Fact]
    public void A_stream_is_cut_the_same_way_at_every_split_point()
    {
        byte[] bytes = Encoding.ASCII.GetBytes(Replies);
        for (int first = 0; first <= bytes.Length; first++)
        {
            for (int second = first; second <= bytes.Length; second++)
            {
                var scanner = new ReplyScanner(new ChunkedStream(bytes, first, second), TimeProvider.System);

                Assert.Equal("VA 5 c1 kk O1", Encoding.ASCII.GetString(scanner.ReadLine()));
                using (ReceivedValue value = scanner.ReadValue(5))
                {
                    Assert.Equal("he\r\no", Encoding.ASCII.GetString(value.Memory.Span));
                }

                Assert.Equal("HD c2 kk O2", Encoding.ASCII.GetString(scanner.ReadLine()));
                Assert.Equal("VA 0 c3 W", Encoding.ASCII.GetString(scanner.ReadLine()));
                scanner.ReadValue(0).Dispose();
                Assert.Equal("EN", Encoding.ASCII.GetString(scanner.ReadLine()));
                Assert.Throws<EndOfStreamException>(() => { scanner.ReadLine(); });
            }
        }
    }

    [Fact]
    public void A_value_larger_than_the_buffer_is_whole()
    {
        string large = string.Concat(Enumerable.Range(0, 20_000).Select(static i => $"{i:D5}"));
        var scanner = new ReplyScanner(new MemoryStream(Encoding.ASCII.GetBytes($"VA {large.Length}\r\n{large}\r\nMN\r\n")), TimeProvider.System);
        scanner.ReadLine();
        using ReceivedValue value = scanner.ReadValue(large.Length);

        Assert.Equal(large, Encoding.ASCII.GetString(value.Memory.Span));
        Assert.Equal("MN", Encoding.ASCII.GetString(scanner.ReadLine()));
    }

    [Fact]
    public void A_line_without_an_end_is_not_waited_for()
    {
        var scanner = new ReplyScanner(new MemoryStream(new byte[100_000]), TimeProvider.System);

        Assert.Throws<InvalidDataException>(() => { scanner.ReadLine(); });
    }

    [Theory]
    [InlineData(9, true)]
    [InlineData(10, true)]
    [InlineData(11, false)]
    public void A_line_may_be_so_long_however_it_arrives(int length, bool isRead)
    {
        byte[] bytes = [.. Enumerable.Repeat((byte)'x', length), (byte)'\n'];
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            var scanner = new ReplyScanner(new ChunkedStream(bytes, cut, cut), TimeProvider.System);
            int read = -1;
            Exception? error = Record.Exception(() => { read = scanner.ReadLine(10).Length; });

            Assert.Equal(isRead ? length : -1, read);
            Assert.Equal(isRead ? null : typeof(InvalidDataException), error?.GetType());
        }
    }

    [Fact]
    public void A_line_ends_without_its_line_end_only_when_the_server_closes() =>
        Assert.Throws<EndOfStreamException>(() => { new ReplyScanner(new MemoryStream("VA 5"u8.ToArray()), TimeProvider.System).ReadLine(); });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData((32 * 1024) - 2)]
    [InlineData(32 * 1024)]
    [InlineData(1024 * 1024)]
    [InlineData((1024 * 1024) + 1)]
    [InlineData((2 * 1024 * 1024) + 1)]
    [InlineData(5_000_000)]
    public void A_value_of_any_size_is_whole_and_what_follows_is_next(int size)
    {
        byte[] value = new byte[size];
        new Random(size).NextBytes(value);
        byte[] bytes = [.. "head\r\n"u8, .. value, .. "\r\nnext\r\n"u8];
        var scanner = new ReplyScanner(new ChunkedStream(bytes, 3, bytes.Length / 2), TimeProvider.System);
        scanner.ReadLine();

        using (ReceivedValue read = scanner.ReadValue(size))
        {
            Assert.Equal(size, read.Memory.Length);
            Assert.True(value.AsSpan().SequenceEqual(read.Memory.Span));
        }

        Assert.Equal("next", Encoding.ASCII.GetString(scanner.ReadLine()));
    }

    [Fact]
    public void A_value_that_ends_early_is_none() =>
        Assert.Throws<EndOfStreamException>(() => new ReplyScanner(new MemoryStream("abc"u8.ToArray()), TimeProvider.System).ReadValue(5));

    [Fact]
    public void The_time_of_the_last_byte_is_known()
    {
        var time = new FakeTimeProvider();
        long made = time.GetTimestamp();
        var scanner = new ReplyScanner(new MemoryStream("a\nb\n"u8.ToArray()), time);
        Assert.Equal(made, scanner.LastReadAt);

        time.Advance(TimeSpan.FromSeconds(1));
        long read = time.GetTimestamp();
        scanner.ReadLine();
        time.Advance(TimeSpan.FromSeconds(1));
        scanner.ReadLine(); // was there already

        Assert.Equal(read, scanner.LastReadAt);
    }

    [Fact]
    public void A_value_that_no_line_end_follows_is_refused()
    {
        var scanner = new ReplyScanner(new MemoryStream("abcdeXX"u8.ToArray()), TimeProvider.System);

        Assert.Throws<InvalidDataException>(() => scanner.ReadValue(5));
    }

    private sealed class ChunkedStream(byte[] bytes, int first, int second) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer)
        {
            long next = Position < first ? first : Position < second ? second : Length;
            return base.Read(buffer[..(int)Math.Min(buffer.Length, next - Position)]);
        }
    }
}
