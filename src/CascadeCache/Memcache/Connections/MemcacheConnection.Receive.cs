using System.Net.Sockets;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Memcache.Connections;

/// <summary>The connection's own thread: connects, then matches replies until the connection is closed. And the watchdog that closes it.</summary>
internal sealed partial class MemcacheConnection
{
    private const int LongestReplyFactor = 10;

    private void Run()
    {
        try
        {
            Open();
            Receive();
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

        FailQueue();
        _watchdog.Dispose();
        _stream.Dispose();
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
            _scanner = new ReplyScanner(_stream, _settings.Time);
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

    private void Receive()
    {
        var replies = new ReplyReader(_scanner!, _server!, Epoch);
        while (true)
        {
            MemcacheReply reply = replies.Read(_queue, out PendingRequest request);
            request.Complete(reply);
        }
    }

    private void FailQueue()
    {
        MemcacheException failure = Failure!;
        while (_queue.TryDequeue(out PendingRequest? request))
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
            TimeSpan interval = _settings.Options.OperationTimeout / 4;
            _watchdog.Change(interval, interval);
        }
    }

    // Callers have time-outs of their own; this one sees a server that has stopped answering even when all of them have given up.
    private void Watch()
    {
        if (!_queue.TryPeek(out PendingRequest? oldest))
        {
            lock (_gate)
            {
                if (_queue.IsEmpty && _failure is null)
                {
                    _isWatching = false;
                    _watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                }
            }

            return;
        }

        // A large reply on its way is no silence; but a server that only trickles keeps all others waiting for one that nobody waits for any more.
        long since = Math.Max(oldest.QueuedAt, _scanner!.LastReadAt);
        TimeSpan limit = _settings.Options.OperationTimeout;
        if (_settings.Time.GetElapsedTime(since) > limit || _settings.Time.GetElapsedTime(oldest.QueuedAt) > limit * LongestReplyFactor)
        {
            Close(MemcacheFault.TimedOut, null);
        }
    }
}
