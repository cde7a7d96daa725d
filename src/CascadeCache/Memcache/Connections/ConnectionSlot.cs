using CascadeCache.Primitives;

namespace CascadeCache.Memcache.Connections;

/// <summary>
/// Keeps the place of one connection: makes it when it is first needed, once for all who need it, and again after it was lost. After a failed attempt
/// nobody tries until a delay has passed that doubles with each failure. Safe for use by any thread.
/// </summary>
/// <remarks>
/// A server that hangs accepts connections and says nothing, and one whose packets are dropped does not even accept: each attempt takes the whole connect
/// time-out, and below the throughput of the circuit breaker nothing else spares a caller from it. So while the last attempt failed, or the last connection ended
/// in silence, a hasty call (<see cref="CallContext.IsHasty"/>: a read) starts the next attempt if that is due and goes to the durable tier at once; whoever
/// comes after the attempt has succeeded uses the connection. A write always waits: without its lock the key goes on the backlog, and other
/// processes may read the older value until that is drained, which is worth more than the time.
/// </remarks>
internal sealed class ConnectionSlot(MemcacheNode node, ConnectionSettings settings) : IDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    // A connection that lives shorter than this was as good as refused.
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private MemcacheConnection? _connection;
    private MemcacheException? _lastFailure;
    private int _failures;
    private long _failedAt;
    private TimeSpan _delay;
    private MemcacheException? _doubt;
    private bool _isDisposed;

    /// <summary>The open connection, if there is one.</summary>
    public MemcacheConnection? Open => Volatile.Read(ref _connection) is { IsOpen: true } connection ? connection : null;

    /// <summary>The open connection, or why there is none.</summary>
    public async ValueTask<(MemcacheConnection? Connection, MemcacheException? Failure)> GetAsync(CallContext call)
    {
        if (Open is { } open)
        {
            return (open, null);
        }

        (MemcacheConnection? connection, MemcacheException? refused) = GetOrStart(call.IsHasty);
        if (connection is null)
        {
            return (null, refused);
        }

        await connection.WaitUntilOpenAsync(call).ConfigureAwait(false);
        return connection.IsOpen
            ? (connection, null)
            : (null, connection.Failure ?? new MemcacheException(MemcacheFault.NotConnected, $"memcached server {node.Address} did not greet in time."));
    }

    public void Dispose()
    {
        MemcacheConnection? connection;
        lock (_gate)
        {
            _isDisposed = true;
            connection = _connection;
        }

        connection?.Dispose();
    }

    private (MemcacheConnection? Connection, MemcacheException? Refused) GetOrStart(bool isHasty)
    {
        lock (_gate)
        {
            if (_connection is { Failure: null })
            {
                return isHasty && _doubt is { } doubt ? (Open, doubt) : (_connection, null);
            }

            if (_isDisposed || (_failures > 0 && settings.Time.GetElapsedTime(_failedAt) < _delay))
            {
                return (null, _lastFailure ?? new MemcacheException(MemcacheFault.NotConnected, $"the client of memcached server {node.Address} was disposed."));
            }

            _doubt = _connection is { Failure: { } failure } last && (last.Server is null || failure.Fault == MemcacheFault.TimedOut) ? failure : null;
            _connection = new MemcacheConnection(settings, node.Address, OnOpen, OnClosed);
            _connection.Start();
            return isHasty && _doubt is not null ? (null, _doubt) : (_connection, null);
        }
    }

    private void OnOpen(MemcacheConnection connection) => settings.Observer.Connected(node);

    private void OnClosed(MemcacheConnection connection)
    {
        bool livedLong = connection.Server is not null && settings.Time.GetElapsedTime(connection.OpenedAt) >= ShortLife;
        lock (_gate)
        {
            _lastFailure = connection.Failure;
            _failures = livedLong ? 0 : _failures + 1;
            _failedAt = settings.Time.GetTimestamp();

            // Half of the delay is left to chance, so that a crowd of processes does not come back at once.
            double factor = Math.Pow(2, Math.Min(_failures - 1, 10)) * (0.5 + (settings.Jitter() / 2));
            _delay = FirstDelay * factor < LongestDelay ? FirstDelay * factor : LongestDelay;
            if (_isDisposed)
            {
                return;
            }
        }

        settings.Observer.Disconnected(node, connection.Failure?.Fault ?? MemcacheFault.ConnectionLost, connection.Failure);
    }
}
