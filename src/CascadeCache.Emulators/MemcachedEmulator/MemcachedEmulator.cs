using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using CascadeCache.Emulators.Memcached;

namespace CascadeCache.Emulators;

/// <summary>
/// A memcached server inside this process, for development and tests. It speaks the text protocol of version 1.6.18 over TCP,
/// classic and meta commands, with the same replies byte for byte; not the binary protocol, TLS, UDP or authentication. What it
/// holds is lost when it is disposed, as with a real server that stops. Safe to use from any thread.
/// </summary>
public sealed class MemcachedEmulator : IAsyncDisposable
{
    // Process ids of the operating system end below this, so that each emulator of a process gets an id of its own.
    private const int ProcessIdStep = 1 << 22;

    private static readonly TimeSpan s_acceptPause = TimeSpan.FromMilliseconds(10);
    private static int s_started;

    private readonly Socket _listener;
    private readonly ItemStore _store;
    private readonly ServerFacts _facts;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly Task _accepting;
    private int _disposed;

    private MemcachedEmulator(Socket listener, MemcachedEmulatorOptions options)
    {
        _listener = listener;
        var endPoint = (IPEndPoint)listener.LocalEndPoint!;
        Host = endPoint.ToString();
        _store = new ItemStore(
            new ServerClock(options.TimeProvider, options.InitialUptime), options.MaxMemoryBytes, options.MaxItemBytes);
        var instance = (Interlocked.Increment(ref s_started) - 1) & 0xFF;
        _facts = new ServerFacts(Environment.ProcessId + (instance * ProcessIdStep))
        {
            Port = endPoint.Port,
            Address = endPoint.Address.ToString(),
        };
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens, as <c>address:port</c>, for example <c>127.0.0.1:11211</c>.</summary>
    public string Host { get; }

    /// <summary>Starts a server; when the task ends it accepts connections.</summary>
    /// <param name="options">Address, limits and clock; null for the defaults, which listen on a free loopback port. They are read once.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="ArgumentException">An option is missing or out of its range.</exception>
    /// <exception cref="SocketException">The address or port cannot be used, for example because another program has it.</exception>
    public static Task<MemcachedEmulator> StartAsync(
        MemcachedEmulatorOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new MemcachedEmulatorOptions();
        options.Validate();
        cancellationToken.ThrowIfCancellationRequested();

        var listener = new Socket(options.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(options.Address, options.Port));
            listener.Listen();
            return Task.FromResult(new MemcachedEmulator(listener, options));
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Stops listening, closes every connection, and waits until nothing of it runs any more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_connections.Keys).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                Track(ServeAsync(socket));
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                // Cancelling and closing a pending accept shows as one of several exceptions, whichever comes first.
                return;
            }
            catch (SocketException)
            {
                // The client gave up before it was accepted, or the process has no handle left: then some may be free later.
                await Task.Delay(s_acceptPause, TimeProvider.System, _stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Track(Task connection)
    {
        _connections.TryAdd(connection, 0);
        connection.ContinueWith(
            done => _connections.TryRemove(done, out _),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async Task ServeAsync(Socket socket)
    {
        // Leaves the accept loop at once, whatever the first bytes are.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        _facts.Opened();
        try
        {
            socket.NoDelay = true;
            await new ClientConnection(socket, new CommandContext(_store, _facts)).RunAsync(_stopping.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client broke off, or the emulator is being disposed: either way this connection is over.
            socket.Close(0);
        }
        finally
        {
            socket.Dispose();
            _facts.Closed();
        }
    }
}
