using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CascadeCache.TestKit.Servers;

/// <summary>
/// Stands before a memcached and passes on what both sides send, whole reply by whole reply, until its source of randomness says otherwise: then it does one of its
/// mischiefs, a given number of times altogether. The greeting of a connection is left alone.
/// </summary>
internal sealed class MischievousServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly string _upstream;
    private readonly MischiefPlan _plan;
    private readonly Task _accepting;

    /// <param name="upstream">The memcached, <c>host:port</c>.</param>
    /// <param name="plan">What to do, and how often.</param>
    public MischievousServer(string upstream, MischiefPlan plan)
    {
        (_upstream, _plan) = (upstream, plan);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Task connection = ServeAsync(await _listener.AcceptSocketAsync(_stopping.Token));
                _connections.TryAdd(connection, 0);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket accepted)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        using var upstream = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        accepted.NoDelay = true;
        await using var client = new NetworkStream(accepted, ownsSocket: true);
        await upstream.ConnectAsync(IPEndPoint.Parse(_upstream), ended.Token);
        await using var server = new NetworkStream(upstream, ownsSocket: false);

        // Whichever direction ends ends both.
        Task requests = EndingAsync(client.CopyToAsync(server, ended.Token), ended);
        await EndingAsync(new MischiefPump(server, client, _plan).RunAsync(ended.Token), ended);
        await requests;
    }

    private static async Task EndingAsync(Task direction, CancellationTokenSource ended)
    {
        try
        {
            await direction;
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client or the test has ended it.
        }

        await ended.CancelAsync();
    }
}
