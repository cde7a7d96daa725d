using CascadeCache.Primitives;

namespace CascadeCache.Memcache.Connections;

/// <summary>
/// Keeps the place of one connection: makes it when it is first needed, once for all who need it, and again after it was lost. After a failed attempt
/// nobody tries until a delay has passed that doubles with each failure. Safe for use by any thread.
/// </summary>
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

        (MemcacheConnection? connection, MemcacheException? refused) = GetOrStart();
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

    private (MemcacheConnection? Connection, MemcacheException? Refused) GetOrStart()
    {
        lock (_gate)
        {
            if (_connection is { Failure: null })
            {
                return (_connection, null);
            }

            if (_isDisposed || (_failures > 0 && settings.Time.GetElapsedTime(_failedAt) < _delay))
            {
                return (null, _lastFailure ?? new MemcacheException(MemcacheFault.NotConnected, $"the client of memcached server {node.Address} was disposed."));
            }

            _connection = new MemcacheConnection(settings, node.Address, OnOpen, OnClosed);
            _connection.Start();
            return (_connection, null);
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
