using System.Net.Sockets;

namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary>The limit for one caller: one socket, one request in flight, awaited.</summary>
internal sealed class RawPingPong(string name, int port, RawRequests requests, int valueSize) : LoadSubject(name, SubjectFamily.Limit)
{
    private const int BufferSize = 256 * 1024;

    public override bool CanRun(int callers) => callers == 1;

    public override async Task RunAsync(Caller caller)
    {
        using Socket socket = RawSocket.Connect(port);
        var replies = new RawReplies(valueSize);
        byte[] received = new byte[BufferSize];
        byte[] outgoing = new byte[requests.Tail.Length + RawRequests.LongestLine];
        uint opaque = 0;
        while (caller.Begin())
        {
            int length = requests.WriteLine(outgoing, caller.Item, ++opaque);
            requests.Tail.CopyTo(outgoing.AsMemory(length));
            length += requests.Tail.Length;
            for (int sent = 0; sent < length;)
            {
                sent += await socket.SendAsync(outgoing.AsMemory(sent, length - sent));
            }

            for (int ended = 0; ended == 0;)
            {
                int arrived = await socket.ReceiveAsync(received.AsMemory());
                ended = replies.Feed(received.AsSpan(0, arrived > 0 ? arrived : throw new InvalidOperationException("memcached closed the connection.")));
            }

            caller.End();
        }
    }
}
