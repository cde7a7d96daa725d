using System.Net.Sockets;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Memcache.Connections;

/// <summary>The connection's own thread: connects, then matches replies until the connection is closed. And the watchdog that closes it.</summary>
internal sealed partial class MemcacheConnection
{
    private const int LongestReplyFactor = 10;

    private static readonly TimeSpan LeastWatch = TimeSpan.FromMilliseconds(1);

    private void Run() => ReadUntilClosed(static connection =>
    {
        connection.Open();
        return connection.Receive();
    });

    /// <param name="read">Whether this thread was the reader when the connection ended; otherwise another one reads on.</param>
    private void ReadUntilClosed(Func<MemcacheConnection, bool> read)
    {
        try
        {
            _noContext = ExecutionContext.Capture();
            if (!read(this))
            {
                return;
            }
        }
        catch (MemcacheException e)
        {
            Close(e.Fault, e);
        }
        catch (InvalidDataException e)
        {
            Close(MemcacheFault.Violation, e);
        }
#pragma warning disable CA1031 // Whatever ends this thread has to reach those who wait.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Close(_server is null ? MemcacheFault.NotConnected : MemcacheFault.ConnectionLost, e);
        }

        _ready.WakeOnPool();
        FailQueue();
        _watchdog.Dispose();
        _stream.Dispose();
        _scanner?.Dispose();
        _onClosed(this);
        _opened.TrySetResult();
    }

    private void Open()
    {
        MemcacheOptions options = _settings.Options;

        // Connecting and the greeting have no other end: closing the socket ends whatever call waits on it.
        using (_settings.Time.CreateTimer(
            static state => ((MemcacheConnection)state!).CloseUnopened(), this, options.ConnectTimeout, Timeout.InfiniteTimeSpan))
        {
            _socket.Connect(_address.Host, _address.Port);
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            _socket.SendTimeout = (int)Math.Clamp(options.OperationTimeout.TotalMilliseconds, 1, int.MaxValue);
            Stream plain = new NetworkStream(_socket, ownsSocket: false);
            _stream = options.UseTls ? Encrypt(plain) : plain;
            _scanner = new ReplyScanner(_stream, _settings.Time) { Waiting = WakeBeforeWaiting };
            MemcacheServerInfo server = new Handshake(_stream, _scanner, _address, _settings.Time).Run(options.UserName, options.Password);
            OpenedAt = _settings.Time.GetTimestamp();
            _server = server;
        }

        _onOpen(this);
        _opened.TrySetResult();
    }

    private void CloseUnopened()
    {
        if (_server is null)
        {
            Close(MemcacheFault.NotConnected, new TimeoutException($"no greeting within {_settings.Options.ConnectTimeout.TotalMilliseconds} ms"));
        }
    }

    /// <returns>False: another thread reads on.</returns>
    private bool Receive()
    {
        ReplyReader replies = _replies ??= new ReplyReader(_scanner!, _server!, Epoch);
        bool wakesHere = false;
        while (true)
        {
            if (!_scanner!.HasLine)
            {
                if (!TryWakeReady())
                {
                    return false;
                }

                wakesHere = MayWakeHere();
            }

            MemcacheReply reply = replies.Read(_queue, out PendingRequest request);
            if (!request.TryComplete(reply))
            {
                continue;
            }

            if (wakesHere)
            {
                _ready.Add(request);
            }
            else
            {
                request.WakeOnPool();
            }
        }
    }

    private void FailQueue()
    {
        MemcacheException failure = Failure!;
        while (_queue.Dequeue() is { } request)
        {
            request.Complete(MemcacheReply.Unavailable(failure.Fault, maybeExecuted: true, failure));
        }
    }

    /// <summary>Under the gate.</summary>
    private void StartWatching()
    {
        if (!_isWatching)
        {
            _isWatching = true;
            _watchdog.Change(_settings.Options.OperationTimeout, Timeout.InfiniteTimeSpan);
        }
    }

    // One timer for all requests, set to the time at which the oldest is overdue. A server that is silent for so long is given up, whoever still waits; of one that sends, but
    // slowly, those who have waited too long are told so, and it goes on with the others.
    private void Watch()
    {
        if (_queue.Peek() is not { } oldest)
        {
            StopWatching();
            return;
        }

        // A large reply on its way is no silence; but a server that only trickles keeps all others waiting for one that nobody waits for any more.
        long queuedAt = oldest.QueuedAt;
        TimeSpan limit = _settings.Options.OperationTimeout;
        TimeSpan silence = _settings.Time.GetElapsedTime(Math.Max(queuedAt, _scanner!.LastReadAt));
        TimeSpan age = _settings.Time.GetElapsedTime(queuedAt);
        if (silence >= limit || age >= limit * LongestReplyFactor)
        {
            Close(MemcacheFault.TimedOut, null);
            return;
        }

        TimeSpan next = age < limit ? limit - age : Shorter(limit - silence, ExpireOverdue(limit));
        lock (_gate)
        {
            if (_failure is null)
            {
                _watchdog.Change(next < LeastWatch ? LeastWatch : next, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void StopWatching()
    {
        lock (_gate)
        {
            if (_queue.IsEmpty)
            {
                _isWatching = false;
            }
            else if (_failure is null)
            {
                _watchdog.Change(_settings.Options.OperationTimeout, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <returns>When the first one that is not overdue will be.</returns>
    private TimeSpan ExpireOverdue(TimeSpan limit)
    {
        foreach (PendingRequest request in _queue.Snapshot())
        {
            long life = request.Life; // before its time is looked at: if it is used again meanwhile, it is not this life's
            TimeSpan left = limit - _settings.Time.GetElapsedTime(request.QueuedAt);
            if (left > TimeSpan.Zero)
            {
                return left;
            }

            if (!request.IsBlocking)
            {
                request.TryExpire(life, MemcacheReply.Unavailable(MemcacheFault.TimedOut, maybeExecuted: true, new MemcacheException(MemcacheFault.TimedOut, Describe(MemcacheFault.TimedOut, null))));
            }
        }

        return limit;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
