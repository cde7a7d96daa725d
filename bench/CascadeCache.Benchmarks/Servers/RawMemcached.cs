using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>
/// The least that a client can do: a blocking socket that sends <c>mg</c> and reads the reply into one buffer, checking nothing. What a cache takes beyond this is
/// its own work.
/// </summary>
internal sealed class RawMemcached : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[1024 * 1024];
    private int _start;
    private int _end;

    public RawMemcached(int port) => _socket.Connect(IPAddress.Loopback, port);

    /// <summary>A request for a key's value, so many times in a row.</summary>
    public static byte[] Request(string key, int times) =>
        Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat($"mg {key} v\r\n", times)));

    /// <summary>Sends the requests in one go and reads as many replies. Returns the bytes of the values.</summary>
    public long Get(byte[] requests, int times)
    {
        _socket.Send(requests);
        long bytes = 0;
        for (int i = 0; i < times; i++)
        {
            bytes += ReadReply();
        }

        return bytes;
    }

    public void Dispose() => _socket.Dispose();

    private int ReadReply()
    {
        int lineEnd;
        while ((lineEnd = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8)) < 0)
        {
            Receive();
        }

        ReadOnlySpan<byte> line = _buffer.AsSpan(_start, lineEnd);
        if (!line.StartsWith("VA "u8) || !Utf8Parser.TryParse(line[3..], out int length, out _))
        {
            throw new InvalidOperationException("Not a value: " + Encoding.ASCII.GetString(line));
        }

        int whole = lineEnd + 2 + length + 2;
        while (_end - _start < whole)
        {
            Receive();
        }

        _start += whole;
        return length;
    }

    private void Receive()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        int read = _socket.Receive(_buffer, _end, _buffer.Length - _end, SocketFlags.None);
        _end += read > 0 ? read : throw new InvalidOperationException("memcached closed the connection.");
    }
}
