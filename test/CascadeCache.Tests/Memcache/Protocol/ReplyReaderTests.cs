using System.Text;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Tests.Memcache.Protocol;

/// <summary>Replies as they come from a server that holds items of up to 1,000 bytes, to reads of the key "name" with the opaques 1, 2, ...</summary>
public sealed class ReplyReaderTests
{
    private const int ItemSizeMax = 1000;
    private const long Epoch = 42;

    private readonly PendingQueue _queue = new();

    [Fact]
    public void A_value_goes_to_the_first_request_with_all_that_the_line_said()
    {
        PendingRequest first = Ask();
        Ask();
        ReplyReader reader = ReaderOf("VA 3 c9 f77 t30 kname O1\r\nabc\r\n");

        MemcacheReply reply = reader.Read(_queue, out PendingRequest request);

        Assert.Same(first, request);
        Assert.Equal(1, _queue.Count);
        Assert.Equal((MemcacheStatus.Hit, LeaseState.None, new CasToken(9, Epoch), 77u, 30), (reply.Status, reply.Lease, reply.Token, reply.ClientFlags, reply.TimeToLive));
        Assert.Equal("abc", Encoding.ASCII.GetString(reply.Value.Span));
        reply.Loan.Dispose();
    }

    [Fact]
    public void A_placeholder_says_whose_it_is()
    {
        Ask();
        MemcacheReply reply = ReaderOf("VA 0 c9 f0 t10 kname O1 W\r\n\r\n").Read(_queue, out _);

        Assert.Equal((LeaseState.Won, 0), (reply.Lease, reply.Value.Length));
    }

    [Fact]
    public void A_reply_without_a_value_has_no_memory()
    {
        Ask();
        MemcacheReply reply = ReaderOf("HD s3 c9 f77 t30 kname O1\r\n").Read(_queue, out _);

        Assert.Equal(MemcacheStatus.Hit, reply.Status);
        Assert.True(reply.Loan.IsNone);
        Assert.True(_queue.IsEmpty);
    }

    [Fact]
    public void Replies_are_read_one_after_the_other()
    {
        PendingRequest[] asked = [Ask(), Ask(), Ask()];
        ReplyReader reader = ReaderOf("EN kname O1\r\nVA 1 c9 f0 t30 kname O2\r\nx\r\nHD s3 c9 f0 t30 kname O3\r\n");

        foreach (PendingRequest request in asked)
        {
            reader.Read(_queue, out PendingRequest answered);
            Assert.Same(request, answered);
        }

        Assert.True(_queue.IsEmpty);
    }

    [Theory]
    [InlineData(ItemSizeMax, true)]
    [InlineData(ItemSizeMax + 1, false)]
    [InlineData(2_000_000_000, false)]
    public void A_value_that_the_server_cannot_hold_is_not_read(int size, bool isRead)
    {
        Ask();
        ReplyReader reader = ReaderOf($"VA {size} c9 f0 t30 kname O1\r\n{new string('x', Math.Min(size, 2 * ItemSizeMax))}\r\n");

        Exception? error = Record.Exception(() => reader.Read(_queue, out _).Loan.Dispose());

        Assert.Equal(isRead ? null : typeof(InvalidDataException), error?.GetType());
        Assert.Equal(isRead ? 0 : 1, _queue.Count);
    }

    [Theory]
    [InlineData("VA 3 c9 f0 t30 kname O2\r\nabc\r\n")] // of another request
    [InlineData("VA 3 cx f0 t30 kname O1\r\nabc\r\n")] // malformed
    [InlineData("VA 3 c9 f0 t30 kname O1\r\nabcde\r\n")] // longer than it says
    public void What_does_not_fit_leaves_its_request_in_the_queue(string text)
    {
        Ask();

        Assert.Throws<InvalidDataException>(() => ReaderOf(text).Read(_queue, out _));

        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public void A_line_that_nobody_asked_for_is_refused() =>
        Assert.Throws<InvalidDataException>(() => ReaderOf("EN kname O1\r\n").Read(_queue, out _));

    private static ReplyReader ReaderOf(string text) => new(
        new ReplyScanner(new MemoryStream(Encoding.ASCII.GetBytes(text)), TimeProvider.System),
        new MemcacheServerInfo(new Version(1, 6, 18), ItemSizeMax, null, TimeSpan.Zero, 0),
        Epoch);

    private PendingRequest Ask()
    {
        var request = new PendingRequest();
        request.Begin(RequestKind.Get, new MemcacheKey("name"u8.ToArray()), (uint)_queue.Count + 1, queuedAt: 0, blocking: false);
        _queue.Enqueue(request);
        return request;
    }
}
