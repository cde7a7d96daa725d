using System.Diagnostics;
using System.Net.Sockets;

namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary>
/// The limit for many callers: one socket and one thread that keeps as many requests in flight as there are callers; or several that share them. Whatever arrives is counted, and as many requests go out in one
/// send.
/// </summary>
/// <param name="name">Its name.</param>
/// <param name="ports">Where each socket is connected to.</param>
/// <param name="requests">What is sent.</param>
/// <param name="valueSize">The size of the values that are read; 0: none are.</param>
internal sealed class RawPipelined(string name, IReadOnlyList<int> ports, RawRequests requests, int valueSize) : LoadSubject(name, SubjectFamily.Limit)
{
    private const int BufferSize = 256 * 1024;

    public override bool IsBlocking => true;

    public override int LoopsFor(int callers) => ports.Count;

    public override void Run(Caller caller)
    {
        using Socket socket = RawSocket.Connect(ports[caller.Index]);
        var replies = new RawReplies(valueSize);
        byte[] received = new byte[BufferSize];
        byte[] outgoing = new byte[BufferSize];
        long[] sentAt = new long[Math.Max(1, caller.Callers / ports.Count)];
        uint opaque = 0;
        int oldest = 0;
        for (int free = sentAt.Length; ;)
        {
            long now = Stopwatch.GetTimestamp();
            int length = 0;
            for (int newest = oldest - free; free > 0; free--, newest++)
            {
                sentAt[(newest + sentAt.Length) % sentAt.Length] = now;
                length += requests.WriteLine(outgoing.AsSpan(length), caller.NextItem(), ++opaque);
                length = AppendTail(socket, outgoing, length);
            }

            RawSocket.SendAll(socket, outgoing.AsSpan(0, length));
            while (free == 0)
            {
                free = replies.Feed(received.AsSpan(0, RawSocket.Receive(socket, received)));
            }

            now = Stopwatch.GetTimestamp();
            for (int i = 0; i < free; i++, oldest = (oldest + 1) % sentAt.Length)
            {
                caller.Record(now - sentAt[oldest]);
            }

            if (caller.IsOver)
            {
                return;
            }
        }
    }

    private int AppendTail(Socket socket, byte[] outgoing, int length)
    {
        ReadOnlySpan<byte> tail = requests.Tail.Span;
        if (outgoing.Length - length >= tail.Length + RawRequests.LongestLine)
        {
            tail.CopyTo(outgoing.AsSpan(length));
            return length + tail.Length;
        }

        RawSocket.SendAll(socket, outgoing.AsSpan(0, length));
        RawSocket.SendAll(socket, tail);
        return 0;
    }
}
