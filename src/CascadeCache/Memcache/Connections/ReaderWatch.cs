namespace CascadeCache.Memcache.Connections;

/// <summary>
/// Looks every few milliseconds after the readers that run callers' code themselves, and so may be blocked by it. On a thread of its own, because the pool may be what the code waits for; the thread exists only
/// while there is such a reader. Safe for use by any thread.
/// </summary>
/// <param name="pause">Waits for the next look; null: by the kernel's clock.</param>
internal sealed class ReaderWatch(Action<TimeSpan>? pause = null)
{
    /// <summary>From one look to the next.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(2);

    private readonly Action<TimeSpan> _pause = pause ?? Pause;
    private readonly Lock _gate = new();
    private readonly List<IWatched> _watched = [];

    /// <summary>What is looked after.</summary>
    internal interface IWatched
    {
        /// <summary>Sees whether it goes on, and helps if it does not. By one thread.</summary>
        /// <returns>False: it need not be looked after any more.</returns>
        bool Look();
    }

    public void Add(IWatched watched)
    {
        lock (_gate)
        {
            _watched.Add(watched);
            if (_watched.Count == 1)
            {
                new Thread(Run) { IsBackground = true, Name = "memcached watch" }.UnsafeStart();
            }
        }
    }

    private static void Pause(TimeSpan time)
    {
        object nobody = new();
        lock (nobody)
        {
            Monitor.Wait(nobody, time);
        }
    }

    private void Run()
    {
        bool isNeeded = true;
        while (isNeeded)
        {
            _pause(Interval);
            isNeeded = LookAtAll();
        }
    }

    private bool LookAtAll()
    {
        IWatched[] all;
        lock (_gate)
        {
            all = [.. _watched];
        }

        foreach (IWatched watched in all)
        {
            if (!watched.Look())
            {
                lock (_gate)
                {
                    _watched.Remove(watched);
                    if (_watched.Count == 0)
                    {
                        return false; // whoever comes now starts a thread
                    }
                }
            }
        }

        return true;
    }
}
