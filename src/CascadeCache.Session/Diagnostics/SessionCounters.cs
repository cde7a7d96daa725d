namespace CascadeCache.Session.Diagnostics;

/// <summary>Every number that the session store counts, in one place. Additions are atomic, a snapshot of several is not.</summary>
internal sealed class SessionCounters
{
    private readonly long[] _values = new long[Enum.GetValues<SessionCounter>().Length];

    public void Add(SessionCounter counter) => Interlocked.Increment(ref _values[(int)counter]);

    public long Get(SessionCounter counter) => Interlocked.Read(ref _values[(int)counter]);
}

/// <summary>What is counted. Names and units of the metrics are in <see cref="SessionMetrics"/>.</summary>
internal enum SessionCounter
{
    /// <summary>Commits whose first conditional write succeeded.</summary>
    FirstAttempts,

    /// <summary>Commits that needed another attempt, but no merge: the session was extended or removed meanwhile, not changed.</summary>
    Retried,

    /// <summary>Commits that stored what two requests had changed.</summary>
    Merged,

    /// <summary>Commits after a Clear: written whatever was stored.</summary>
    Cleared,

    /// <summary>Commits that the options let win.</summary>
    LastWriteWins,

    /// <summary>Commits that overwrote another request's write, which was noticed.</summary>
    Overwritten,

    /// <summary>Commits that overwrote another request's write because the two could not be merged.</summary>
    NotMergeable,

    /// <summary>Commits that may have overwritten another request's write because every attempt met one more.</summary>
    AttemptsExhausted,

    /// <summary>Conditional writes that were refused.</summary>
    Conflicts,

    /// <summary>Commits that waited for another one of the same session in this process.</summary>
    WaitedTurns,

    /// <summary>Loads that were not made.</summary>
    SkippedLoads,

    /// <summary>Refreshes that were not made.</summary>
    SkippedRefreshes,

    /// <summary>Sessions that could not be loaded ahead of the request.</summary>
    FailedPreloads,
}
