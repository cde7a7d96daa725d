using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// A request that was queued, and the caller who waits for its reply. Completed by the connection's reader, or given up by its caller; whichever
/// comes second has no effect, and a reply that nobody waits for gives its memory back. Stays in the queue until its reply has come, so that
/// giving up never puts the connection out of step.
/// </summary>
internal sealed class PendingRequest(RequestKind kind, MemcacheKey key, uint opaque, long queuedAt, bool blocking) : IValueTaskSource<MemcacheReply>
{
    private readonly object _gate = new();
    private ManualResetValueTaskSourceCore<MemcacheReply> _source = new() { RunContinuationsAsynchronously = true };
    private MemcacheReply _reply;
    private bool _hasReply;
    private int _isFinished;

    public RequestKind Kind { get; } = kind;

    public ReadOnlySpan<byte> Key => key.Bytes.Span;

    public uint Opaque { get; } = opaque;

    /// <summary>A timestamp of the connection's time provider.</summary>
    public long QueuedAt { get; } = queuedAt;

    public void Complete(in MemcacheReply reply)
    {
        if (Interlocked.Exchange(ref _isFinished, 1) != 0)
        {
            reply.Owner?.Dispose();
            return;
        }

        if (!blocking)
        {
            _source.SetResult(reply);
            return;
        }

        lock (_gate)
        {
            (_reply, _hasReply) = (reply, true);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits without a thread of the pool.</summary>
    /// <returns>False: the time-out has passed and the request was given up.</returns>
    public bool TryWait(TimeSpan timeout, TimeProvider time, out MemcacheReply reply)
    {
        lock (_gate)
        {
            while (!_hasReply)
            {
                TimeSpan left = timeout - time.GetElapsedTime(QueuedAt);
                if (left > TimeSpan.Zero)
                {
                    Monitor.Wait(_gate, left);
                }
                else if (Interlocked.Exchange(ref _isFinished, 1) == 0)
                {
                    reply = default;
                    return false;
                }
                else
                {
                    Monitor.Wait(_gate); // the reader has claimed the request and comes for this gate: whoever kept it would keep both for ever
                }
            }

            reply = _reply;
            return true;
        }
    }

    /// <exception cref="OperationCanceledException">The token fired first.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<MemcacheReply> WaitAsync(CancellationToken cancellationToken)
    {
        using (cancellationToken.UnsafeRegister(static (state, token) => ((PendingRequest)state!).Cancel(token), this))
        {
            return await new ValueTask<MemcacheReply>(this, _source.Version).ConfigureAwait(false);
        }
    }

    MemcacheReply IValueTaskSource<MemcacheReply>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<MemcacheReply>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<MemcacheReply>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void Cancel(CancellationToken token)
    {
        if (Interlocked.Exchange(ref _isFinished, 1) == 0)
        {
            _source.SetException(new OperationCanceledException(token));
        }
    }
}
