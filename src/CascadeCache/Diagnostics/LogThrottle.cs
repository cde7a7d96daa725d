namespace CascadeCache.Diagnostics;

/// <summary>Lets one message through per interval, so that a busy cause does not flood the log. One instance per cause; any thread.</summary>
internal sealed class LogThrottle(TimeProvider timeProvider, TimeSpan interval)
{
    private readonly Lock _gate = new();
    private long? _last;

    public bool ShouldLog()
    {
        lock (_gate)
        {
            if (_last is { } last && timeProvider.GetElapsedTime(last) < interval)
            {
                return false;
            }

            _last = timeProvider.GetTimestamp();
            return true;
        }
    }
}
