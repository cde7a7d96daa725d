using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CascadeCache.TestKit.Servers;

/// <summary>What a <see cref="HostileServer"/> does to its clients.</summary>
public enum HostileBehaviour
{
    /// <summary>Connections fill the queue of the operating system and nobody takes them: a further client's packets are dropped.</summary>
    NeverAccept,

    /// <summary>Accepts, reads, and never answers.</summary>
    Silent,

    /// <summary>Closes each connection as soon as it is made.</summary>
    CloseAtOnce,

    /// <summary>Resets each connection once the first bytes have come.</summary>
    Reset,

    /// <summary>Answers every piece of input with bytes of no protocol.</summary>
    Garbage,

    /// <summary>Answers as a web server of HTTP/1.</summary>
    Http1,

    /// <summary>Speaks TLS only: answers plain text with an alert, and closes.</summary>
    TlsOnly,

    /// <summary>A memcached that greets, and never answers a request.</summary>
    GreetAndFallSilent,

    /// <summary>A memcached that greets, and answers a request with the first half of a value.</summary>
    GreetAndAnswerHalf,

    /// <summary>A memcached that greets, and sends a value one byte at a time without an end, so that it is never silent.</summary>
    GreetAndTrickle,

    /// <summary>A memcached that greets, and answers requests with bytes of no protocol.</summary>
    GreetAndAnswerGarbage,

    /// <summary>A memcached that greets and closes at the first request.</summary>
    GreetAndClose,

    /// <summary>A gRPC server that sends the headers of an answer, and no message.</summary>
    GrpcHeadersOnly,
}

/// <summary>A loopback server that misbehaves in one way, to every client.</summary>
public sealed class HostileServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly ConcurrentBag<Task> _serving = [];
    private readonly HostileBehaviour _behaviour;
    private Task _accepting = Task.CompletedTask;
    private int _connections;

    private HostileServer(HostileBehaviour behaviour) => _behaviour = behaviour;

    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}");

    /// <summary>How many connections were accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public static async Task<HostileServer> StartAsync(HostileBehaviour behaviour)
    {
        var server = new HostileServer(behaviour);
        server._listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        if (behaviour == HostileBehaviour.NeverAccept)
        {
            await server.FillQueueAsync();
        }
        else
        {
            server._listener.Listen();
            server._accepting = server.AcceptAsync();
        }

        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }

        await Task.WhenAll(_serving);
        _stopping.Dispose();
    }

    // A queue of length 1 takes two connections; what is started beyond that stays on its way and keeps the queue full.
    private async Task FillQueueAsync()
    {
        _listener.Listen(1);
        var made = new List<Task>();
        for (int i = 0; i < 4; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            made.Add(HideEndAsync(socket.ConnectAsync(_listener.LocalEndPoint!, _stopping.Token)));
        }

        for (int i = 0; i < 2; i++)
        {
            made.Remove(await Task.WhenAny(made));
        }

        made.ForEach(_serving.Add);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync(_stopping.Token);
                Interlocked.Increment(ref _connections);
                _sockets.Add(socket);
                _serving.Add(HideEndAsync(ServeAsync(socket)));
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket);
        switch (_behaviour)
        {
            case HostileBehaviour.CloseAtOnce:
                break;
            case HostileBehaviour.Reset:
                await stream.ReadExactlyAsync(new byte[1], _stopping.Token);
                socket.LingerState = new LingerOption(enable: true, 0);
                break;
            default:
                await HostileScripts.RunAsync(_behaviour, stream, _stopping.Token);
                break;
        }

        socket.Dispose();
    }

    private static async Task HideEndAsync(ValueTask task) => await HideEndAsync(task.AsTask());

    private static async Task HideEndAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The client or the test is done.
        }
    }

    private static bool IsEnd(Exception e) => e is OperationCanceledException or IOException or SocketException or ObjectDisposedException;
}
