using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>Sends bytes and reads all that comes back. Texts are Latin-1; ⏎ stands for CR LF in both directions.</summary>
internal sealed class RawMemcachedClient : IDisposable
{
    public const string Closed = "<closed>";

    private const string Sentinel = "mg sentinel-of-the-test k⏎";
    private const string SentinelReply = "EN ksentinel-of-the-test⏎";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public static async Task<RawMemcachedClient> ConnectAsync(string host)
    {
        var client = new RawMemcachedClient();
        await client._socket.ConnectAsync(IPEndPoint.Parse(host), TestContext.Current.CancellationToken);
        return client;
    }

    /// <summary>One request on a connection of its own.</summary>
    public static async Task<string> AskOnceAsync(string host, string request)
    {
        using var client = await ConnectAsync(host);
        return await client.AskAsync(request);
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The replies to a request, up to a question that is appended; ends with <see cref="Closed"/> if the server closed.</summary>
    public Task<string> AskAsync(string request, int pieceSize = int.MaxValue) => AskAsync(Bytes(request), pieceSize);

    public async Task<string> AskAsync(byte[] request, int pieceSize = int.MaxValue)
    {
        using var limit = new CancellationTokenSource(s_limit, TimeProvider.System);
        var sending = SendAsync([.. request, .. Bytes(Sentinel)], pieceSize, limit.Token);
        var reply = await ReceiveAsync(limit.Token);
        if (!reply.EndsWith(Closed, StringComparison.Ordinal))
        {
            await sending;
        }

        return reply;
    }

    /// <summary>Sends without waiting for anything.</summary>
    public Task SendAsync(string request) => SendAsync(Bytes(request), int.MaxValue, TestContext.Current.CancellationToken);

    /// <summary>Reads until the server closes.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var limit = new CancellationTokenSource(s_limit, TimeProvider.System);
        return await ReceiveAsync(limit.Token);
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text.Replace("⏎", "\r\n", StringComparison.Ordinal));

    private async Task SendAsync(byte[] bytes, int pieceSize, CancellationToken limit)
    {
        try
        {
            for (var sent = 0; sent < bytes.Length;)
            {
                var piece = bytes.AsMemory(sent, Math.Min(pieceSize, bytes.Length - sent));
                sent += await _socket.SendAsync(piece, limit);
            }
        }
        catch (SocketException)
        {
            // The server hung up in the middle, which the reply shows.
            return;
        }
    }

    private async Task<string> ReceiveAsync(CancellationToken limit)
    {
        var end = Bytes(SentinelReply);
        var received = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var read = await ReadAsync(buffer, limit);
            received.Write(buffer, 0, read);
            var all = received.GetBuffer().AsSpan(0, (int)received.Length);
            if (all.EndsWith(end) || read == 0)
            {
                var text = Encoding.Latin1.GetString(read == 0 ? all : all[..^end.Length]);
                return text.Replace("\r\n", "⏎", StringComparison.Ordinal) + (read == 0 ? Closed : "");
            }
        }
    }

    private async Task<int> ReadAsync(byte[] buffer, CancellationToken limit)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, limit);
        }
        catch (SocketException)
        {
            // Closing with unread input sends a reset: closed all the same.
            return 0;
        }
    }
}
