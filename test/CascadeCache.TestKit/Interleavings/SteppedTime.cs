namespace CascadeCache.TestKit.Interleavings;

/// <summary>
/// A clock that stands still until it is moved, and timers that fire when it is. Cheaper than the general fake one, whose timers have finalizers: a search makes millions of them.
/// </summary>
internal sealed class SteppedTime : TimeProvider
{
    private readonly List<SteppedTimer> _timers = [];
    private DateTimeOffset _now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SteppedTimer(() => callback(state)) { IsArmed = dueTime != Timeout.InfiniteTimeSpan };
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Moves the clock by more than any timer waits; each one that is armed fires once.</summary>
    public void Advance(TimeSpan by)
    {
        _now += by;
        foreach (SteppedTimer timer in _timers)
        {
            timer.FireIfArmed();
        }
    }

    private sealed class SteppedTimer(Action fire) : ITimer
    {
        public bool IsArmed { get; set; }

        public void FireIfArmed()
        {
            if (IsArmed)
            {
                fire();
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            IsArmed = dueTime != Timeout.InfiniteTimeSpan;
            return true;
        }

        public void Dispose() => IsArmed = false;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
