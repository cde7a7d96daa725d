namespace CascadeCache.Resilience;

/// <summary>
/// A clock whose timers are waited for where they are made: the library makes a blocking caller's delay of a timer, whose end the runtime would tell on the thread
/// pool, and with a starved pool never. For delays of blocking callers only.
/// </summary>
internal sealed class TimeOnTheSpot : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime > TimeSpan.Zero)
        {
            object nobody = new();
            lock (nobody)
            {
                Monitor.Wait(nobody, dueTime);
            }
        }

        callback(state);
        return new Elapsed();
    }

    private sealed class Elapsed : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose()
        {
            // It has fired, and will not again.
        }

        public ValueTask DisposeAsync() => default;
    }
}
