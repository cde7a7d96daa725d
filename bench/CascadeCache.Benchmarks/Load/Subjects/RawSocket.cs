using System.Net;
using System.Net.Sockets;

namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary>Blocking calls that the raw subjects share.</summary>
internal static class RawSocket
{
    public static Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    public static void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }

    public static int Receive(Socket socket, byte[] buffer)
    {
        int arrived = socket.Receive(buffer);
        return arrived > 0 ? arrived : throw new InvalidOperationException("memcached closed the connection.");
    }
}
