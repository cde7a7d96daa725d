namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// Judges whether what callers do when they have their replies takes less time than waking a thread of the pool for it does: then the connection's reader runs it itself. What users do after a read is mostly
/// long, and goes to the pool; loops over many keys, and code that only passes values on, are short. Safe for use by any thread; a measurement that is lost in a race is no harm.
/// </summary>
internal sealed class ContinuationTimes(TimeProvider time)
{
    /// <summary>One of so many that run on the pool is measured.</summary>
    public const int Sampling = 8;

    private const int Trusted = 128;
    private const int MostTrust = 512;
    private const int LossOfLong = 32;

    // Of one on the pool nobody suffers; and on a machine that has more threads to run than processors even a short one takes long now and then.
    private const int LossOfLongOnPool = 8;

    // A stall comes from code that blocks, and will again: each one soon after the last costs twice as much. Or from a processor that was lost for a while, which means nothing.
    private const int LeastLossOfStall = 256;
    private const int MostLossOfStall = 16 * 1024;
    private const int LongRun = 4096;

    // What waking a sleeping thread of the pool costs, in its own and the system's time (86 us, measured on a virtual machine of 2 processors with 64 callers), less a reserve; and what comes on top for each
    // that would have been woken with it.
    private static readonly TimeSpan Wakeup = TimeSpan.FromMicroseconds(60);
    private static readonly TimeSpan Each = TimeSpan.FromMicroseconds(4);

    // What this thread has spent on sending requests, ever: a call of the system, which costs the same wherever it is made.
    [ThreadStatic]
    private static long s_sending;

    private int _trust;
    private int _lossOfStall = LeastLossOfStall;
    private int _runSinceStall;

    public bool AreShort => Volatile.Read(ref _trust) >= Trusted;

    /// <summary>Before callers are woken on this thread.</summary>
    public long Begin() => time.GetTimestamp() - s_sending;

    /// <summary>One has been woken on this thread, which is one of the pool.</summary>
    public void EndOnPool(long began) => Add(began, 1, LossOfLongOnPool);

    /// <summary>So many have been woken on this thread, one after the other.</summary>
    public void End(long began, int count)
    {
        _runSinceStall++;
        Add(began, count, LossOfLong);
    }

    /// <summary>This thread has sent requests.</summary>
    public void AddSending(long began) => s_sending += time.GetTimestamp() - began;

    /// <summary>One of them blocked the reader.</summary>
    public void AddStall()
    {
        _lossOfStall = _runSinceStall >= LongRun ? LeastLossOfStall : Math.Min(_lossOfStall * 2, MostLossOfStall);
        _runSinceStall = 0;
        Volatile.Write(ref _trust, -_lossOfStall);
    }

    private void Add(long began, int count, int loss)
    {
        bool isShort = time.GetElapsedTime(began, time.GetTimestamp() - s_sending) <= Wakeup + (Each * count);
        int trust = Volatile.Read(ref _trust);
        Volatile.Write(ref _trust, isShort ? Math.Min(trust + 1, MostTrust) : Math.Max(trust - loss, -MostLossOfStall));
    }
}
