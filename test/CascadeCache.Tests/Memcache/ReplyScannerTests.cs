using System.Text;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Tests.Memcache;

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
                using (PooledValue value = scanner.ReadValue(5))
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
        using PooledValue value = scanner.ReadValue(large.Length);

        Assert.Equal(large, Encoding.ASCII.GetString(value.Memory.Span));
        Assert.Equal("MN", Encoding.ASCII.GetString(scanner.ReadLine()));
    }

    [Fact]
    public void A_line_without_an_end_is_not_waited_for()
    {
        var scanner = new ReplyScanner(new MemoryStream(new byte[100_000]), TimeProvider.System);

        Assert.Throws<InvalidDataException>(() => { scanner.ReadLine(); });
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
