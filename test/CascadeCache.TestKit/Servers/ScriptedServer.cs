using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace CascadeCache.TestKit.Servers;

/// <summary>A server whose every reply is written by the test, byte for byte.</summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<ScriptedConnection> _accepted = Channel.CreateUnbounded<ScriptedConnection>();
    private readonly ConcurrentBag<ScriptedConnection> _connections = [];
    private readonly Task _accepting;

    public ScriptedServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>The next connection that a client makes.</summary>
    public async Task<ScriptedConnection> NextConnectionAsync(CancellationToken cancellationToken) => await _accepted.Reader.ReadAsync(cancellationToken);

    /// <summary>The next connection, greeted as memcached does.</summary>
    public async Task<ScriptedConnection> NextGreetedAsync(CancellationToken cancellationToken, string version = "1.6.18", int uptime = 1000)
    {
        ScriptedConnection connection = await NextConnectionAsync(cancellationToken);
        await connection.GreetAsync(version, uptime);
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        foreach (ScriptedConnection connection in _connections)
        {
            connection.Dispose();
        }

        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var connection = new ScriptedConnection(await _listener.AcceptSocketAsync(_stopping.Token), _stopping.Token);
                _connections.Add(connection);
                _accepted.Writer.TryWrite(connection);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            _accepted.Writer.TryComplete();
        }
    }
}

/// <summary>One connection of a <see cref="ScriptedServer"/>.</summary>
public sealed class ScriptedConnection(Socket socket, CancellationToken stopping) : IDisposable
{
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);

    /// <summary>How many bytes have arrived and were not read yet.</summary>
    public int Available => socket.Available;

    /// <summary>The next line without its end; null when the client has closed.</summary>
    public async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        try
        {
            while (await _stream.ReadAsync(one, stopping) == 1)
            {
                if (one[0] == '\n')
                {
                    return line.ToString().TrimEnd('\r');
                }

                line.Append((char)one[0]);
            }
        }
        catch (IOException)
        {
            return null; // reset counts as closed
        }

        return null;
    }

    public async Task WriteAsync(string text) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(text), stopping);

    /// <summary>Answers the client's first questions as a usable memcached does.</summary>
    public async Task GreetAsync(string version, int uptime)
    {
        await ExpectAsync("version", $"VERSION {version}\r\n");
        await ExpectAsync("mn", "MN\r\n");
        await ExpectAsync("stats settings", "STAT item_size_max 1048576\r\nSTAT cas_enabled yes\r\nEND\r\n");
        await ExpectAsync("stats", $"STAT pid 1\r\nSTAT uptime {uptime}\r\nEND\r\n");
    }

    /// <summary>Reads one line, which must be <paramref name="request"/>, and answers it.</summary>
    public async Task ExpectAsync(string request, string reply)
    {
        string? line = await ReadLineAsync();
        if (line != request)
        {
            throw new InvalidOperationException($"Expected '{request}', got '{line}'.");
        }

        await WriteAsync(reply);
    }

    public void Dispose() => _stream.Dispose();
}
