using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// A request that was queued, and the caller who waits for its reply. Completed by the connection's reader, or given up by its caller or the watchdog; whichever
/// comes later has no effect, and a reply that nobody waits for gives its memory back. Stays in the queue until its reply has come, so that
/// giving up never puts the connection out of step.
/// </summary>
/// <remarks>
/// Used again when both who share it have let go: the reader, by the one <see cref="Complete"/> that every queued request gets, and the caller, by taking the outcome. The watchdog
/// has no share; it names the life that it means, and one that has ended cannot be claimed any more.
/// </remarks>
internal sealed class PendingRequest(PendingRequests? home = null) : IValueTaskSource<MemcacheReply>, IThreadPoolWorkItem
{
    private const int Sharers = 2;

    private ManualResetValueTaskSourceCore<bool> _source;
    private MemcacheKey _key;
    private MemcacheReply _reply;
    private bool _hasReply;

    // It looks a few times before it puts the thread to sleep, and lets others run meanwhile: with many threads that wait for one connection most replies come before it does.
    private ManualResetEventSlim? _done;
    private CancellationToken _canceled;
    private bool _isWatched;
    private int _shares;

    // Even: waits. Odd: somebody has claimed the right to end it. Two further for each use.
    private long _life;

    /// <summary>For <see cref="PendingRequests"/> alone.</summary>
    public PendingRequest? Next { get; set; }

    public RequestKind Kind { get; private set; }

    public ReadOnlySpan<byte> Key => _key.Bytes.Span;

    public uint Opaque { get; private set; }

    /// <summary>A timestamp of the connection's time provider.</summary>
    public long QueuedAt { get; private set; }

    /// <summary>Whether its caller is a thread, which watches the time itself.</summary>
    public bool IsBlocking { get; private set; }

    /// <summary>Which use this is, for <see cref="TryExpire"/>; valid as long as the request waits.</summary>
    public long Life => Volatile.Read(ref _life);

    /// <summary>Whether the request of that life still waits.</summary>
    public static bool IsWaiting(long life) => (life & 1) == 0;

    /// <summary>Begins a use, by the one who queues it. Nobody else has it yet.</summary>
    public void Begin(RequestKind kind, MemcacheKey key, uint opaque, long queuedAt, bool blocking)
    {
        (Kind, _key, Opaque, QueuedAt, IsBlocking) = (kind, key, opaque, queuedAt, blocking);
        _shares = Sharers;
        if (blocking)
        {
            _done ??= new ManualResetEventSlim();
            _done.Reset();
        }

        Volatile.Write(ref _life, (_life | 1) + 1);
    }

    /// <summary>Ends it with its reply, and wakes its caller. Called by the reader, once, when the request has left the queue; the reader must not use it any more.</summary>
    public void Complete(in MemcacheReply reply)
    {
        if (TryComplete(reply))
        {
            WakeOnPool();
        }
    }

    /// <summary>As <see cref="Complete"/>, but a caller who awaits is left sleeping.</summary>
    /// <returns>True: it has to be woken, with <see cref="Wake"/> or <see cref="WakeOnPool"/>; until then the request is this caller's.</returns>
    public bool TryComplete(in MemcacheReply reply)
    {
        bool hasToWake = false;
        if (TryClaim(Life))
        {
            hasToWake = End(reply);
        }
        else
        {
            reply.Loan.Dispose();
        }

        LetGo();
        return hasToWake;
    }

    /// <summary>Runs on this thread what the caller does next.</summary>
    public void Wake()
    {
        if (_hasReply)
        {
            _source.SetResult(true);
        }
        else
        {
            _source.SetException(new OperationCanceledException(_canceled));
        }
    }

    /// <summary>Leaves to the thread pool what the caller does next.</summary>
    public void WakeOnPool() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    /// <summary>Ends a use that is known by its life, wherever the request is by now. It stays in the queue.</summary>
    public bool TryExpire(long life, in MemcacheReply reply)
    {
        if (!TryClaim(life))
        {
            return false;
        }

        if (End(reply))
        {
            WakeOnPool();
        }

        return true;
    }

    /// <summary>Waits without a thread of the pool. The caller must not use the request afterwards.</summary>
    /// <returns>False: the time-out has passed and the request was given up.</returns>
    public bool TryWait(TimeSpan timeout, TimeProvider time, out MemcacheReply reply)
    {
        bool hasReply = WaitForReply(timeout, time, out reply);
        LetGo();
        return hasReply;
    }

    /// <summary>Waits for the reply; called once, and awaited. The caller must not use the request afterwards.</summary>
    /// <exception cref="OperationCanceledException">The token fired first.</exception>
    public ValueTask<MemcacheReply> WaitAsync(CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled ? WatchAsync(cancellationToken) : new ValueTask<MemcacheReply>(this, _source.Version);

    MemcacheReply IValueTaskSource<MemcacheReply>.GetResult(short token)
    {
        _source.GetResult(token);
        MemcacheReply reply = _reply;
        if (!_isWatched)
        {
            LetGo();
        }

        return reply;
    }

    ValueTaskSourceStatus IValueTaskSource<MemcacheReply>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<MemcacheReply>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    void IThreadPoolWorkItem.Execute()
    {
        // What is needed afterwards is read before: what the caller does may use the request again.
        if (home is null || Opaque % ContinuationTimes.Sampling != 0)
        {
            Wake();
            return;
        }

        ContinuationTimes times = home.Times;
        long began = times.Begin();
        Wake();
        times.EndOnPool(began);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<MemcacheReply> WatchAsync(CancellationToken cancellationToken)
    {
        _isWatched = true;
        try
        {
            using (cancellationToken.UnsafeRegister(static (state, token) => ((PendingRequest)state!).Cancel(token), this))
            {
                return await new ValueTask<MemcacheReply>(this, _source.Version).ConfigureAwait(false);
            }
        }
        finally
        {
            LetGo(); // not before the registration has ended: a late cancellation would meet the next use
        }
    }

    private bool WaitForReply(TimeSpan timeout, TimeProvider time, out MemcacheReply reply)
    {
        for (bool isClaimed = false; !_done!.IsSet;)
        {
            TimeSpan left = timeout - time.GetElapsedTime(QueuedAt);
            if (isClaimed)
            {
                _done.Wait(); // somebody has claimed it at the last moment, and is about to end it
            }
            else if (left > TimeSpan.Zero)
            {
                _done.Wait(left);
            }
            else if (TryClaim(Life))
            {
                reply = default;
                return false;
            }
            else
            {
                isClaimed = true;
            }
        }

        reply = _reply;
        return true;
    }

    private void Cancel(CancellationToken token)
    {
        if (TryClaim(Life))
        {
            _canceled = token;
            WakeOnPool();
        }
    }

    private bool TryClaim(long life) => IsWaiting(life) && Interlocked.CompareExchange(ref _life, life + 1, life) == life;

    /// <summary>By the one who has claimed it.</summary>
    /// <returns>Whether its caller is still to be woken.</returns>
    private bool End(in MemcacheReply reply)
    {
        (_reply, _hasReply) = (reply, true);
        if (IsBlocking)
        {
            _done!.Set();
            return false;
        }

        return true;
    }

    private void LetGo()
    {
        if (Interlocked.Decrement(ref _shares) == 0)
        {
            (_key, _reply, _hasReply, _canceled, _isWatched) = (default, default, false, default, false);
            _source.Reset();
            home?.Return(this);
        }
    }
}
