using System.Runtime.ExceptionServices;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Memcache.Connections;

/// <summary>Waking those who await: on the thread pool, or, where what they do then is short, by the reader itself.</summary>
/// <remarks>
/// To wake a thread of the pool for each batch of replies costs several times what everything else on the way of a hit does. So the reader of a busy connection runs what its callers do next itself, and sends
/// at its end what they have asked for meanwhile, all together; but only as long as that was short so far, and watched: if it blocks, or takes long this once, another thread reads on after a few milliseconds,
/// and the pool gets the rest.
/// </remarks>
internal sealed partial class MemcacheConnection
{
    // A connection with fewer replies than one a millisecond gains nothing that would be worth a watch.
    private const int BusyReads = 64;

    // A thread that only lost its processor to others is mostly back by then.
    private const int StalledLooks = 2;

    // After so many looks at a reader that runs nothing itself the watch ends.
    private const int IdleLooks = 25;

    private static readonly TimeSpan BusyTime = TimeSpan.FromMilliseconds(64);

    private readonly ReadingRole _role = new();

    // Of a reader that has not run anybody's code yet.
    private ExecutionContext? _noContext;
    private ReplyReader? _replies;
    private ReadyRequests _ready = new();
    private FollowingSends _sends = new();
    private volatile bool _isWatched;
    private int _reads;
    private long _readsSince;

    // Of the watch alone.
    private long _phaseSeen;
    private int _sameLooks;

    /// <summary>By the watch: a reader that has been running callers' code since the last look is relieved.</summary>
    bool ReaderWatch.IWatched.Look()
    {
        long phase = _role.Phase;
        if (phase != _phaseSeen)
        {
            (_phaseSeen, _sameLooks) = (phase, 0);
            return true;
        }

        _sameLooks++;
        if (_role.Exposure is var exposure && exposure != 0)
        {
            if (_sameLooks >= StalledLooks && _role.TryTake(exposure))
            {
                _requests.Times.AddStall();
                NewReader(ReadOn).UnsafeStart();
            }

            return true;
        }

        if (_sameLooks < IdleLooks)
        {
            return true;
        }

        // The reader exposes itself first and looks then whether it is watched: one of us sees the other.
        _sameLooks = 0;
        _isWatched = false;
        Interlocked.MemoryBarrier();
        _isWatched = _role.Exposure != 0;
        return _isWatched;
    }

    /// <summary>By the reader, before it waits for more.</summary>
    private bool MayWakeHere()
    {
        if (!_requests.Times.AreShort)
        {
            return false;
        }

        if (!_isWatched && IsBusy())
        {
            _isWatched = true;
            _settings.Watch.Add(this);
        }

        return _isWatched;
    }

    private bool IsBusy()
    {
        if (++_reads < BusyReads)
        {
            return false;
        }

        long since = _readsSince;
        _reads = 0;
        _readsSince = _settings.Time.GetTimestamp();
        return _settings.Time.GetElapsedTime(since, _readsSince) <= BusyTime;
    }

    /// <summary>Wakes those whose replies have come.</summary>
    /// <returns>False: this thread is no longer the reader, and must not touch what is the reader's.</returns>
    private bool TryWakeReady()
    {
        ReadyRequests ready = _ready;
        if (ready.Count == 0)
        {
            return true;
        }

        FollowingSends sends = _sends;
        if (ready.Count + _queue.Count >= ManyWaiting)
        {
            sends.Begin();
        }

        long exposure = _role.Expose(); // from here on both may be another reader's
        if (_isWatched)
        {
            WakeHere(ready);
        }
        else
        {
            ready.WakeOnPool();
        }

        // May wait for a server that does not read before its replies are read: while the role is exposed that is no deadlock.
        sends.End();

        if (!_role.TryTake(exposure))
        {
            return false;
        }

        ready.Clear();
        return true;
    }

    // In the middle of a reply, whose rest may take long to arrive, nobody else could go on with it.
    private void WakeBeforeWaiting()
    {
        if (_ready.Count > 0 && _socket.Available == 0)
        {
            _ready.WakeOnPool();
            _ready.Clear();
        }
    }

    private void WakeHere(ReadyRequests ready)
    {
        int count = ready.Count;
        long began = _requests.Times.Begin();
        while (ready.Take() is { } request)
        {
            try
            {
                request.Wake();
            }
#pragma warning disable CA1031 // What a caller's code throws is not the connection's: it ends the process, as it does on the pool.
            catch (Exception e)
#pragma warning restore CA1031
            {
                ThreadPool.UnsafeQueueUserWorkItem(static error => error.Throw(), ExceptionDispatchInfo.Capture(e), preferLocal: false);
            }
        }

        _requests.Times.End(began, count);
        RestoreContext();
    }

    // Code that has switched the flow of its context off leaves behind what it changes.
    private void RestoreContext()
    {
        if (_noContext is not null)
        {
            ExecutionContext.Restore(_noContext);
        }

        if (SynchronizationContext.Current is not null)
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }

    /// <summary>On a thread that takes a blocked reader's place.</summary>
    private void ReadOn() => ReadUntilClosed(static connection =>
    {
        ReadyRequests left = connection._ready;
        FollowingSends sends = connection._sends;
        (connection._ready, connection._sends) = (new ReadyRequests(), new FollowingSends());
        left.WakeOnPool();
        sends.HaveAllSent();
        return connection.Receive();
    });
}
