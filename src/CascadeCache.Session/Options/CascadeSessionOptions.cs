namespace CascadeCache;

/// <summary>How sessions are loaded, kept alive and stored. Idle time, time-outs and the cookie stay where they are: in the options of <c>AddSession()</c>.</summary>
public sealed class CascadeSessionOptions
{
    /// <summary>What becomes of a session that two requests write at the same time. Default <see cref="CascadeSessionWrites.Merge"/>.</summary>
    public CascadeSessionWrites Writes { get; set; } = CascadeSessionWrites.Merge;

    /// <summary>
    /// Whether the session of a request that brought none is read from the cache all the same, as stock does. Default false: its key has just been invented, nothing can be there. True: a page
    /// learns from <c>ISession.IsAvailable</c> that the cache is down already when it reads; otherwise it is the write that fails.
    /// </summary>
    public bool LoadNewSessions { get; set; }

    /// <summary>
    /// The refresh at the end of a request is left out if the same request has read or written the session within this time, or within 5 % of the idle time if that is shorter: the read
    /// or write has extended the session's life already. Default 30 s; 0: always refresh.
    /// </summary>
    public TimeSpan RefreshThreshold { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a session is tried to be written with <see cref="CascadeSessionWrites.Merge"/> before it is written whatever is stored. Default 32, at least 1.</summary>
    public int MaxWriteAttempts { get; set; } = 32;

    /// <summary>The longest delay before the second retry of a write; it doubles with each further one, and the actual delay is a random part of it. Default 2 ms; 0: no delay. The first retry is made at once.</summary>
    public TimeSpan RetryBaseDelay { get; set; } = TimeSpan.FromMilliseconds(2);

    /// <summary>The longest delay between two attempts. Default 100 ms; at least <see cref="RetryBaseDelay"/>.</summary>
    public TimeSpan RetryMaxDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Whether a session is stored before the response starts. Default false, as stock: the response is sent first, a client that follows it at once may still find the older session, and a
    /// failed write is only logged. True: what was set before the response started is stored then, and if it cannot be, the response becomes an error.
    /// </summary>
    public bool CommitBeforeResponse { get; set; }
}
