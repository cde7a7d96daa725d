using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>
/// One kept connection of HTTP/1.1: sends requests that were made beforehand and reads replies whose length is told. It knows no more of HTTP than the application needs, so that the
/// generator costs little of the processors that it shares with it. Used by one caller at a time.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private const int BufferSize = 16 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[BufferSize];
    private int _headLength;
    private int _replyLength;

    public HttpConnection(Uri address) => _socket.Connect(address.Host, address.Port);

    /// <summary>Whether the last reply's status is 200.</summary>
    public bool IsSuccess { get; private set; }

    /// <summary>The last reply's head, without the empty line.</summary>
    public ReadOnlySpan<byte> Head => _buffer.AsSpan(0, _headLength);

    /// <summary>The last reply's body.</summary>
    public ReadOnlySpan<byte> Body => _buffer.AsSpan(_headLength + 4, _replyLength - _headLength - 4);

    public static byte[] Request(Uri address, string path, string? cookie) => Encoding.ASCII.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\n{(cookie is null ? "" : $"Cookie: {cookie}\r\n")}\r\n");

    /// <exception cref="InvalidOperationException">The connection was closed, or what came is no reply of the application's.</exception>
    public async ValueTask AskAsync(byte[] request)
    {
        for (int sent = 0; sent < request.Length;)
        {
            sent += await _socket.SendAsync(request.AsMemory(sent));
        }

        int arrived = 0;
        do
        {
            int read = await _socket.ReceiveAsync(_buffer.AsMemory(arrived));
            arrived += read > 0 ? read : throw new InvalidOperationException("The application closed a connection, or its reply is longer than any of its own.");
        }
        while (!IsWhole(arrived));
    }

    public void Dispose() => _socket.Dispose();

    private bool IsWhole(int arrived)
    {
        ReadOnlySpan<byte> text = _buffer.AsSpan(0, arrived);
        int head = text.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        ReadOnlySpan<byte> name = "Content-Length: "u8;
        int length = text[..head].IndexOf(name);
        if (length < 0 || !Utf8Parser.TryParse(text[(length + name.Length)..], out int body, out _))
        {
            throw new InvalidOperationException("The application did not tell the length of its reply.");
        }

        IsSuccess = text.StartsWith("HTTP/1.1 200 "u8);
        _headLength = head;
        _replyLength = head + 4 + body;
        return arrived >= _replyLength;
    }
}
