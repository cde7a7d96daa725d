using System.Globalization;
using System.IO.Hashing;
using System.Text;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;
using CascadeCache.Primitives;

namespace CascadeCache.Fuzz.Targets;

/// <summary>
/// The input is what a memcached server sends after its greeting, while six requests wait. Whatever it is, each request gets only a reply that names its key and
/// number, with exactly the bytes that stand there; the rest is one of the exceptions on which the connection is closed.
/// </summary>
/// <param name="read">How a reply is read; null: as the connection reads it. For readers that are broken on purpose.</param>
internal sealed class ReplyTarget(ReplyTarget.ReadReply? read = null) : IFuzzTarget
{
    internal delegate MemcacheReply ReadReply(ReplyScanner scanner, MemcacheServerInfo server, PendingQueue queue, out PendingRequest request);

    /// <summary>The requests that wait; a request's number is its place, from 1.</summary>
    public static readonly IReadOnlyList<(RequestKind Kind, string Key)> Requests =
    [
        (RequestKind.Get, "alpha"), (RequestKind.Set, "beta"), (RequestKind.Get, "gamma"), (RequestKind.Delete, "alpha"), (RequestKind.Get, "alpha"), (RequestKind.Get, "delta"),
    ];

    // As large as a server may say it is, so that the claim of a size is as far as possible from what arrives.
    private static readonly MemcacheServerInfo Server =
        new(new Version(1, 6, 18), MemcacheServerInfo.LargestItemSizeMax, null, TimeSpan.Zero, 0);

    private readonly ReadReply _read = read ?? AsTheConnection;

    public string Name => "reply";

    public bool IsText => true;

    public IReadOnlyList<byte[]> Tokens { get; } =
    [
        .. new[]
        {
            "VA 5 ", "HD ", "EN ", "NF ", "NS ", "EX ", "SERVER_ERROR out of memory\r\n", "CLIENT_ERROR bad\r\n", "ERROR\r\n", " W", " Z", " X", " b", " c1", " f3", " t-1", " s5",
            " kalpha", " kbeta", " kgamma", " kdelta", " kYWxwaGE=", " O1", " O2", " O3", " O4", " O5", " O6", "\r\n", "hello\r\n", "VA 5 c1 f0 t-1 kalpha O5\r\nhello\r\n",
        }.Select(Encoding.ASCII.GetBytes),
    ];

    public long MaxAllocatedBytes(int inputLength) => (8 * 1024 * 1024) + (200L * inputLength);

    public string Run(ReadOnlyMemory<byte> input) => Transcript.SameForEveryCut(input, stream => ReadAll(input, stream));

    private Transcript ReadAll(ReadOnlyMemory<byte> input, Stream stream)
    {
        var transcript = new Transcript();
        var queue = new PendingQueue();
        for (int i = 0; i < Requests.Count; i++)
        {
            queue.Enqueue(Asked(Requests[i].Kind, Requests[i].Key, (uint)i + 1));
        }

        using var scanner = new ReplyScanner(stream, StillTime.Instance);
        var strict = new StrictReplies(input);
        try
        {
            while (true)
            {
                MemcacheReply reply = _read(scanner, Server, queue, out PendingRequest request);
                using Loan loan = reply.Loan;
                strict.CheckNext(Requests[(int)request.Opaque - 1], request.Opaque, reply);
                transcript.Add(
                    reply.Status.ToString() + reply.Lease,
                    string.Create(CultureInfo.InvariantCulture, $"{request.Opaque} {reply.Token.Cas} {reply.ClientFlags} {reply.TimeToLive} {reply.Value.Length} {XxHash3.HashToUInt64(reply.Value.Span)}"));
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            transcript.Add(e);
        }

        return transcript;
    }

    private static PendingRequest Asked(RequestKind kind, string key, uint opaque)
    {
        var request = new PendingRequest();
        request.Begin(kind, new MemcacheKey(Encoding.ASCII.GetBytes(key)), opaque, queuedAt: 0, blocking: true);
        return request;
    }

    private static MemcacheReply AsTheConnection(ReplyScanner scanner, MemcacheServerInfo server, PendingQueue queue, out PendingRequest request) =>
        new ReplyReader(scanner, server, epoch: 1).Read(queue, out request);
}
