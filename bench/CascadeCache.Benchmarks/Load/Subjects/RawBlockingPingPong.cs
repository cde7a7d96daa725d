using System.Net.Sockets;

namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary>The same, blocking.</summary>
internal sealed class RawBlockingPingPong(string name, int port, RawRequests requests, int valueSize) : LoadSubject(name, SubjectFamily.Limit)
{
    private const int BufferSize = 256 * 1024;

    public override bool IsBlocking => true;

    public override bool CanRun(int callers) => callers == 1;

    public override void Run(Caller caller)
    {
        using Socket socket = RawSocket.Connect(port);
        var replies = new RawReplies(valueSize);
        byte[] received = new byte[BufferSize];
        byte[] outgoing = new byte[requests.Tail.Length + RawRequests.LongestLine];
        uint opaque = 0;
        while (caller.Begin())
        {
            int length = requests.WriteLine(outgoing, caller.Item, ++opaque);
            requests.Tail.Span.CopyTo(outgoing.AsSpan(length));
            RawSocket.SendAll(socket, outgoing.AsSpan(0, length + requests.Tail.Length));
            while (replies.Feed(received.AsSpan(0, RawSocket.Receive(socket, received))) == 0)
            {
            }

            caller.End();
        }
    }
}
