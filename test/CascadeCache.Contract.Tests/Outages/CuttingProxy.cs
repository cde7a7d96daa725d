using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>The way from one application server to memcached: it can be cut, or made long, without the others noticing.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<TcpClient, byte> _sockets = new();
    private readonly ConcurrentBag<Task> _work = [];
    private readonly int _target;
    private long _delay;
    private volatile bool _isCut;

    public CuttingProxy(int target)
    {
        _target = target;
        _listener.Start();
        _work.Add(AcceptAsync());
    }

    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>How much later everything arrives, in each direction.</summary>
    public TimeSpan Delay
    {
        set => Interlocked.Exchange(ref _delay, value.Ticks);
    }

    /// <summary>Ends what is connected, and whatever connects from now on.</summary>
    public void Cut()
    {
        _isCut = true;
        foreach (TcpClient socket in _sockets.Keys)
        {
            socket.Dispose();
        }
    }

    public void Mend() => _isCut = false;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        Cut();
        await Task.WhenAll(_work);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                _work.Add(ConnectAsync(client));
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // Disposed.
        }
    }

    private async Task ConnectAsync(TcpClient client)
    {
        using TcpClient near = client;
        using var far = new TcpClient();
        (near.NoDelay, far.NoDelay) = (true, true);
        _sockets[near] = 0;
        _sockets[far] = 0;
        try
        {
            if (!_isCut)
            {
                await far.ConnectAsync(IPAddress.Loopback, _target, _stopping.Token);
                await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near));
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // One end is gone, and so is the other when this returns.
        }

        _sockets.TryRemove(near, out _);
        _sockets.TryRemove(far, out _);
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer, _stopping.Token)) > 0)
            {
                await Task.Delay(TimeSpan.FromTicks(Interlocked.Read(ref _delay)), TimeProvider.System, _stopping.Token);
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _stopping.Token);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // As above.
        }
    }

    private static bool IsEnd(Exception e) => e is OperationCanceledException or IOException or SocketException or ObjectDisposedException or InvalidOperationException;
}
