using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CascadeCache.TestKit.Servers;

/// <summary>
/// Stands between one client and one server on loopback and spoils the connection on demand: cuts it, resets it, holds its bytes back, delays them, loses some. All
/// members may be used by any thread, at any time.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly int _targetPort;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<ProxiedConnection, Task> _connections = new();
    private readonly Task _accepting;
    private volatile bool _isCut;

    /// <param name="targetPort">The server's port; nobody needs to listen there yet.</param>
    public FaultProxy(int targetPort)
    {
        _targetPort = targetPort;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>What the client sends.</summary>
    public ProxiedDirection ToServer { get; } = new();

    /// <summary>What the server answers.</summary>
    public ProxiedDirection ToClient { get; } = new();

    /// <summary>The number of open connections.</summary>
    public int Connections => _connections.Count;

    /// <summary>Whether the two are cut off from each other: open connections are reset, new ones are closed at once.</summary>
    public bool IsCut
    {
        get => _isCut;
        set
        {
            _isCut = value;
            if (value)
            {
                Reset();
            }
        }
    }

    /// <summary>Ends the open connections with RST on both sides; what was under way is lost.</summary>
    public void Reset()
    {
        foreach (ProxiedConnection connection in _connections.Keys)
        {
            connection.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        Reset();
        await Task.WhenAll(_connections.Values);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_stopping.Token);
                var connection = new ProxiedConnection(client, ToServer, ToClient);
                var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _connections.TryAdd(connection, RunAsync(connection, started.Task));
                started.SetResult();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end of the listener is the end of accepting.
        }
    }

    private async Task RunAsync(ProxiedConnection connection, Task added)
    {
        await added;

        // Looked at only now: whoever cuts first sets the flag and then resets all that are in the list.
        if (!_isCut)
        {
            await connection.RunAsync(_targetPort, _stopping.Token);
        }

        connection.Dispose();
        _connections.TryRemove(connection, out _);
    }
}
