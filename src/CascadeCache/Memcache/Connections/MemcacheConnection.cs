using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using CascadeCache.Memcache.Protocol;
using CascadeCache.Primitives;

namespace CascadeCache.Memcache.Connections;

/// <summary>
/// One connection for all callers: requests are queued and sent in one order, replies are matched in the same order by a thread of the connection's own. That
/// thread also connects, so that callers who block need no thread of the pool. Safe for use by any thread; lives once: when it is closed
/// everything in its queue fails, and its tokens are worthless.
/// </summary>
/// <remarks>
/// The lock <see cref="_gate"/> guards the outgoing buffer, the order of the queue, and the fault. A request enters buffer and queue in one step, so that wire
/// order and queue order are the same; none enters after the fault is set, so that the reader's last look at the queue sees all of them.
/// </remarks>
internal sealed partial class MemcacheConnection : IThreadPoolWorkItem, ReaderWatch.IWatched, FollowingSends.ISender, IDisposable
{
    // Beyond this the server reads so slowly that waiting costs more than going to the durable tier.
    private const int MaxUnsentBytes = 128 * 1024 * 1024;

    // A small request is sent by its caller if nobody else is sending; more is left to the writer thread, which may wait for the server.
    private const int MaxDirectBytes = 64 * 1024;

    private static long s_epochs;

    private readonly ConnectionSettings _settings;
    private readonly MemcacheServerAddress _address;
    private readonly Action<MemcacheConnection> _onOpen;
    private readonly Action<MemcacheConnection> _onClosed;
    private readonly Lock _gate = new();
    private readonly PendingQueue _queue = new();
    private readonly PendingRequests _requests;
    private readonly SemaphoreSlim _writerWork = new(0);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Socket _socket;
    private readonly ITimer _watchdog;
    private Stream _stream = Stream.Null;
    private ReplyScanner? _scanner;
    private OutgoingBuffer _unsent = new();
    private OutgoingBuffer _sending = new();
    private Thread? _writer;
    private bool _isSending;
    private bool _isFlushDue;
    private long _flushDueSince;
    private bool _isPromised;

    // Among what is unsent there is something whose caller must not depend on the thread pool.
    private bool _hasUrgent;
    private bool _isWatching;
    private uint _lastOpaque;
    private MemcacheException? _failure;
    private volatile MemcacheServerInfo? _server;

    public MemcacheConnection(ConnectionSettings settings, MemcacheServerAddress address, Action<MemcacheConnection> onOpen, Action<MemcacheConnection> onClosed)
    {
        (_settings, _address, _onOpen, _onClosed) = (settings, address, onOpen, onClosed);
        _requests = new PendingRequests(new ContinuationTimes(settings.Time));
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _watchdog = settings.Time.CreateTimer(static state => ((MemcacheConnection)state!).Watch(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Unlike that of any other connection of this process; part of every token that the connection gives out.</summary>
    public long Epoch { get; } = Interlocked.Increment(ref s_epochs);

    /// <summary>What the server said of itself; null until the connection is open.</summary>
    public MemcacheServerInfo? Server => _server;

    public bool IsOpen => _server is not null && Failure is null;

    /// <summary>Why the connection is closed; null while it is not.</summary>
    public MemcacheException? Failure => Volatile.Read(ref _failure);

    /// <summary>When the connection opened; a timestamp.</summary>
    public long OpenedAt { get; private set; }

    /// <summary>How many requests wait for their replies.</summary>
    public int Waiting => _queue.Count;

    public void Start() => NewReader(Run).UnsafeStart();

    /// <summary>Waits until the connection is open or has failed; see <see cref="Failure"/>.</summary>
    public async ValueTask WaitUntilOpenAsync(CallContext call)
    {
        if (call.Blocking)
        {
            // The connection's own thread completes it: no thread of the pool is needed for the wake-up.
            _opened.Task.Wait(_settings.Options.ConnectTimeout, call.CancellationToken);
            return;
        }

        await _opened.Task.WaitAsync(call.CancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends one request and waits for its reply.</summary>
    /// <exception cref="OperationCanceledException">The caller's token fired; the request may still be executed.</exception>
    public ValueTask<MemcacheReply> ExecuteAsync(in MemcacheRequest request, CallContext call)
    {
        if (call.CancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<MemcacheReply>(call.CancellationToken);
        }

        return RoomFor(request, call.Blocking) is { } room && Ask(room, request.Set.Size) is { } waiter
            ? WaitAndExecuteAsync(room, waiter, request, call)
            : ExecuteAtOnceAsync(request, call);
    }

    /// <summary>Closes the connection, if it is not closed, and fails all that wait. What the server still sends belongs to nobody.</summary>
    public void Close(MemcacheFault fault, Exception? cause)
    {
        lock (_gate)
        {
            if (_failure is not null)
            {
                return;
            }

            _failure = cause as MemcacheException ?? new MemcacheException(fault, Describe(fault, cause), cause);
            _room.AdmitAll();
            _roomOfBlocking.AdmitAll();
        }

        _socket.Dispose(); // ends the reader's and the writer's waiting
        _writerWork.Release();
    }

    public void Dispose() => Close(MemcacheFault.NotConnected, new ObjectDisposedException(nameof(MemcacheClient)));

    private ValueTask<MemcacheReply> ExecuteAtOnceAsync(in MemcacheRequest request, CallContext call)
    {
        if (!TryQueue(request, call.Blocking, out PendingRequest? pending, out MemcacheReply refusal))
        {
            return ValueTask.FromResult(refusal);
        }

        if (!call.Blocking)
        {
            return pending.WaitAsync(call.CancellationToken);
        }

        if (pending.TryWait(_settings.Options.OperationTimeout, _settings.Time, out MemcacheReply reply))
        {
            return ValueTask.FromResult(reply);
        }

        Close(MemcacheFault.TimedOut, null);
        return ValueTask.FromResult(MemcacheReply.Unavailable(MemcacheFault.TimedOut, maybeExecuted: true, Failure));
    }

    private bool TryQueue(in MemcacheRequest request, bool blocking, out PendingRequest pending, out MemcacheReply refusal)
    {
        bool sendsItself;
        bool isUrgent;
        lock (_gate)
        {
            SendRoom? room = RoomFor(request, blocking);
            if (_failure is not null || _unsent.Length + request.Set.Size > MaxUnsentBytes)
            {
                room?.Leave(request.Set.Size);
                refusal = Refusal();
                pending = null!;
                return false;
            }

            Write(request, ++_lastOpaque, room);
            long now = _settings.Time.GetTimestamp();
            isUrgent = IsUrgent(now);
            pending = _requests.Rent();
            pending.Begin(request.Kind, request.Key, _lastOpaque, now, blocking);
            _queue.Enqueue(pending);
            StartWatching();
            _hasUrgent |= blocking;
            sendsItself = !isUrgent && blocking ? PromiseSending() : TakeSending(isUrgent, now);
        }

        refusal = default;
        if (sendsItself && (isUrgent || TakePromised()))
        {
            SendAll();
        }

        return true;
    }

    /// <summary>Of a request that was not sent.</summary>
    private MemcacheReply Refusal()
    {
        MemcacheFault fault = Failure?.Fault ?? MemcacheFault.Overloaded;
        return MemcacheReply.Unavailable(fault, maybeExecuted: false, Failure ?? new MemcacheException(fault, Describe(fault, null)));
    }

    /// <summary>Under the gate.</summary>
    private void Write(in MemcacheRequest request, uint opaque, SendRoom? room)
    {
        long before = _unsent.Length;
        bool isWhole = false;
        try
        {
            RequestWriter.Write(_unsent, request, opaque);
            room?.Enter(request.Set.Size);
            isWhole = true;
        }
        finally
        {
            if (!isWhole)
            {
                _unsent.Truncate(before); // the caller's memory could not be read: half a request would put all others out of step
                room?.Leave(request.Set.Size);
            }
        }
    }

    // Linux shows 15 characters of a name: the port, by which servers on one host differ, is among them.
    private Thread NewReader(ThreadStart start) => new(start) { IsBackground = true, Name = string.Create(CultureInfo.InvariantCulture, $"memcached:{_address.Port} {_address.Host}") };

    private string Describe(MemcacheFault fault, Exception? cause)
    {
        string what = fault switch
        {
            MemcacheFault.TimedOut => "let the operation time-out pass",
            MemcacheFault.Violation => "sent what no request asked for",
            MemcacheFault.Overloaded => "reads too slowly",
            MemcacheFault.NotConnected => "could not be connected to",
            _ => "lost its connection",
        };
        string detail = cause is null ? "" : ": " + cause.Message;
        return string.Create(CultureInfo.InvariantCulture, $"memcached server {_address} {what}{detail} ({_queue.Count} requests waiting, {_unsent.Length} bytes unsent).");
    }

    private SslStream Encrypt(Stream plain)
    {
        var encrypted = new SslStream(plain, leaveInnerStreamOpen: false, _settings.JudgeCertificate);
        encrypted.AuthenticateAsClient(_address.Host);
        return encrypted;
    }
}
