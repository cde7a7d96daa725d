using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using CascadeCache.Memcache.Protocol;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.Tests.Memcache.Protocol;

/// <summary>Values are read where the socket has put them; their memory is nobody else's until every reader has let go, and goes back to its pool once.</summary>
public sealed class ReceiveBufferTests
{
    private readonly WatchedPool _pool = new();

    [Fact]
    public void Small_values_stay_where_they_were_received()
    {
        using ReplyScanner scanner = ScannerOf(["first", "second"]);
        using ReceivedValue first = Next(scanner, 5);
        using ReceivedValue second = Next(scanner, 6);

        Assert.Same(ArrayOf(first), ArrayOf(second));
        Assert.Equal(1, _pool.Rents);
        Assert.Equal(("first", "second"), (Text(first), Text(second)));
    }

    [Fact]
    public void A_large_value_has_memory_of_its_own()
    {
        string large = new('x', ReplyScanner.LargestLent + 1);
        using ReplyScanner scanner = ScannerOf(["first", large]);
        using ReceivedValue first = Next(scanner, 5);
        using ReceivedValue second = Next(scanner, large.Length);

        Assert.NotSame(ArrayOf(first), ArrayOf(second));
        Assert.Equal(large, Text(second));
    }

    [Fact]
    public void A_value_stays_whole_while_the_connection_goes_on_and_after_it_has_ended()
    {
        string[] texts = [.. Enumerable.Range(0, 3000).Select(static i => string.Concat(Enumerable.Repeat($"<{i}>", 1 + (i % 50))))];
        var kept = new List<(int Index, ReceivedValue Value)>();
        using (ReplyScanner scanner = ScannerOf(texts))
        {
            for (int i = 0; i < texts.Length; i++)
            {
                ReceivedValue value = Next(scanner, texts[i].Length);
                if (i % 7 == 0)
                {
                    kept.Add((i, value));
                }
                else
                {
                    value.Dispose();
                }
            }
        }

        Assert.All(kept, item => Assert.Equal(texts[item.Index], Text(item.Value)));
        kept.ForEach(static item => item.Value.Dispose());
        Assert.Equal(0, _pool.Open);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Memory_goes_back_once_in_whatever_order_and_however_often_it_is_returned(int seed)
    {
        var random = new Random(seed);
        string[] texts = [.. Enumerable.Range(0, 2000).Select(i => new string((char)('a' + (i % 26)), random.Next(0, 300)))];
        var open = new List<(string Text, ReceivedValue Value)>();
        using (ReplyScanner scanner = ScannerOf(texts))
        {
            foreach (string text in texts)
            {
                open.Add((text, Next(scanner, text.Length)));
                while (open.Count > 0 && random.Next(2) == 0)
                {
                    int index = random.Next(open.Count);
                    Assert.Equal(open[index].Text, Text(open[index].Value));
                    open[index].Value.Dispose();
                    open[index].Value.Dispose();
                    open.RemoveAt(index);
                }
            }
        }

        Assert.All(open, static item => Assert.Equal(item.Text, Text(item.Value)));
        open.ForEach(static item => item.Value.Dispose());
        open.ForEach(static item => item.Value.Dispose());
        Assert.Equal(0, _pool.Open);
    }

    [Fact]
    public void A_buffer_of_which_nothing_is_lent_is_filled_again()
    {
        string[] texts = [.. Enumerable.Range(0, 1000).Select(static _ => new string('x', 1000))];
        using ReplyScanner scanner = ScannerOf(texts, bytesPerRead: 1000 + "VA 1000\r\n\r\n".Length);
        foreach (string text in texts)
        {
            Next(scanner, text.Length).Dispose();
        }

        Assert.Equal(1, _pool.Rents);
    }

    [Fact]
    public void More_values_than_a_block_can_count_are_lent_from_further_blocks()
    {
        string[] texts = [.. Enumerable.Range(0, 2 * ReceiveBlock.MaxParts).Select(static _ => "x")];
        var values = new List<ReceivedValue>();
        using (ReplyScanner scanner = ScannerOf(texts))
        {
            values.AddRange(texts.Select(_ => Next(scanner, 1)));
        }

        Assert.All(values, static value => Assert.Equal("x", Text(value)));
        values.ForEach(static value => value.Dispose());
        Assert.Equal(0, _pool.Open);
    }

    [Fact]
    public void Counting_without_marks_would_give_memory_away_that_is_still_read()
    {
        var block = new CountingBlock(_pool);
        Loan first = block.Lend(0);
        Loan second = block.Lend(1);
        block.Leave();

        first.Dispose();
        first.Dispose();

        Assert.Equal(0, _pool.Open); // although the second part is in use
        Assert.Equal(WatchedPool.Returned, block.Bytes[0]);
        Assert.False(second.IsNone);
    }

    [Fact]
    public void With_marks_it_stays()
    {
        var block = new ReceiveBlock(_pool);
        block.Bytes[..2].Fill(7);
        ReceivedValue first = block.Lend(0, 1);
        ReceivedValue second = block.Lend(1, 1);
        block.Leave();

        first.Dispose();
        first.Dispose();

        Assert.Equal((1, 7), (_pool.Open, second.Memory.Span[0]));
        second.Dispose();
        Assert.Equal(0, _pool.Open);
    }

    private static ReceivedValue Next(ReplyScanner scanner, int size)
    {
        Assert.Equal($"VA {size}", Encoding.ASCII.GetString(scanner.ReadLine()));
        return scanner.ReadValue(size);
    }

    private static string Text(in ReceivedValue value) => Encoding.ASCII.GetString(value.Memory.Span);

    private static byte[]? ArrayOf(in ReceivedValue value) => MemoryMarshal.TryGetArray(value.Memory, out ArraySegment<byte> segment) ? segment.Array : null;

    private ReplyScanner ScannerOf(IEnumerable<string> values, int bytesPerRead = int.MaxValue)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(string.Concat(values.Select(static value => $"VA {value.Length}\r\n{value}\r\n")));
        return new ReplyScanner(new SlowStream(bytes, bytesPerRead), TimeProvider.System, _pool);
    }

    private sealed class SlowStream(byte[] bytes, int bytesPerRead) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, bytesPerRead)]);
    }

    /// <summary>Broken on purpose: believes every return.</summary>
    private sealed class CountingBlock(ArrayPool<byte> pool) : ILender
    {
        private int _outstanding = 1;

        public byte[] Bytes { get; } = pool.Rent(2);

        public Loan Lend(int number)
        {
            _outstanding++;
            return new Loan(this, number);
        }

        public void Leave() => Return(0);

        public void Return(int number)
        {
            if (--_outstanding == 0)
            {
                pool.Return(Bytes);
            }
        }
    }
}
