using System.Globalization;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Memcache.Connections;

/// <summary>
/// Sending. One at a time: whoever sets <c>_isSending</c> owns the stream's writing side and the buffer <c>_sending</c>, and what others queue meanwhile
/// goes out in the next write, all of it together.
/// </summary>
/// <remarks>
/// Each write costs a call of the system and wakes the server, whatever it carries. So a request with which few others wait is sent at once by its caller; one of many
/// is left to a work item at the end of the thread pool's queue, and goes out together with those whose callers the replies now in that queue will wake. What those
/// ask whom a reader wakes itself, its own or another connection's, goes out when it has woken all of them. A thread that blocks never leaves its
/// request to the pool, because with a starved one it would wait for itself: of several, one lets the others come and sends for all of them.
/// </remarks>
internal sealed partial class MemcacheConnection
{
    // So many writes in a row a caller makes for others, whose requests came while it was writing.
    private const int MaxWritesOfCaller = 4;

    // From so many on, a request that waits for others to be sent with saves more than it loses.
    private const int ManyWaiting = 4;

    // A pool that is busy with other things may not come to the work item for long: who queues a request by then sends all.
    private static readonly TimeSpan LongestGathering = TimeSpan.FromMilliseconds(0.5);

    /// <summary>Sends what has gathered.</summary>
    void IThreadPoolWorkItem.Execute() => SendGathered();

    void FollowingSends.ISender.HaveGatheredSent()
    {
        lock (_gate)
        {
            _isFlushDue = false;
            if (_unsent.Length > 0 && !_isSending)
            {
                _isSending = true;
                PassToWriter();
            }
        }
    }

    /// <inheritdoc/>
    public void SendGathered()
    {
        bool sendsItself;
        lock (_gate)
        {
            _isFlushDue = false;
            sendsItself = _unsent.Length > 0 && TakeSending(isUrgent: true, now: 0);
        }

        if (sendsItself)
        {
            SendAll();
        }
    }

    /// <summary>Under the gate: whether a request that is queued now is not to wait for others to be sent with.</summary>
    private bool IsUrgent(long now)
    {
        if (_isFlushDue && _settings.Time.GetElapsedTime(_flushDueSince, now) > LongestGathering)
        {
            _flushDueSince = now; // those after this one have not waited yet
            return true;
        }

        return _queue.Count < ManyWaiting && !FollowingSends.AreOpen;
    }

    /// <summary>Under the gate. True: the caller has to send; otherwise somebody else does.</summary>
    /// <param name="isUrgent">Whether what is there is to be sent at once.</param>
    /// <param name="now">A timestamp, for how long others are waited for; only if it is not urgent.</param>
    private bool TakeSending(bool isUrgent, long now)
    {
        if (_isSending)
        {
            return false;
        }

        if (_unsent.Length > MaxDirectBytes)
        {
            _isSending = true;
            PassToWriter();
            return false;
        }

        if (isUrgent)
        {
            _isSending = true;
            return true;
        }

        if (!_isFlushDue)
        {
            (_isFlushDue, _flushDueSince) = (true, now);
            if (!FollowingSends.TryAdd(this))
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }

        return false;
    }

    /// <summary>Under the gate, by a thread that blocks. True: it has to call <see cref="TakePromised"/>, and nobody else sends meanwhile unless he does so anyway.</summary>
    private bool PromiseSending()
    {
        if (_isSending || _isPromised)
        {
            return false;
        }

        _isPromised = true;
        return true;
    }

    /// <summary>Lets those who are about to queue do so, and takes what is there by then. True: the caller has to send it.</summary>
    private bool TakePromised()
    {
        Thread.Yield();
        lock (_gate)
        {
            _isPromised = false;
            return _unsent.Length > 0 && TakeSending(isUrgent: true, now: 0);
        }
    }

    /// <summary>Under the gate, with sending taken.</summary>
    private void PassToWriter()
    {
        if (_writer is null)
        {
            _writer = new Thread(RunWriter) { IsBackground = true, Name = string.Create(CultureInfo.InvariantCulture, $"mc-writer:{_address.Port} {_address.Host}") };
            _writer.UnsafeStart();
        }

        _writerWork.Release();
    }

    private void RunWriter()
    {
        while (true)
        {
            _writerWork.Wait();
            if (Failure is not null)
            {
                return; // woken by the end of the connection: sending may be somebody else's at this moment
            }

            SendAll();
        }
    }

    private void SendAll()
    {
        long began = _settings.Time.GetTimestamp();
        for (int writes = 1; SendOnce(mayGoOn: writes < MaxWritesOfCaller); writes++)
        {
        }

        _requests.Times.AddSending(began);
    }

    /// <returns>Whether there is more, and the caller still has the right and the duty to send it.</returns>
    private bool SendOnce(bool mayGoOn)
    {
        lock (_gate)
        {
            (_unsent, _sending) = (_sending, _unsent);
            _hasUrgent = false;
            _room.Clear();
            _roomOfBlocking.Clear();
        }

        try
        {
            _sending.WriteTo(_stream, endsRecords: _settings.Options.UseTls);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            Close(MemcacheFault.ConnectionLost, e);
        }

        lock (_gate)
        {
            _sending.Clear();
            if (_unsent.Length == 0)
            {
                _isSending = false;
                return false;
            }

            if (mayGoOn && _unsent.Length <= MaxDirectBytes)
            {
                return true;
            }

            if (_hasUrgent || _unsent.Length > MaxDirectBytes)
            {
                PassToWriter();
                return false;
            }

            _isSending = false;
            TakeSending(isUrgent: false, _settings.Time.GetTimestamp());
            return false;
        }
    }
}
