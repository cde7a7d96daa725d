namespace CascadeCache.Emulators.Memcached;

/// <summary>
/// The server's clock: whole seconds since a moment 2 seconds before the start. It ticks once a second, so an item with a
/// lifetime of n seconds lives between n-1 and n seconds. Times are kept as 32-bit numbers on this scale; 0 means never.
/// </summary>
internal sealed class ServerClock
{
    // A real server sets its origin 2 s back, so that 1 can stand for a moment that is always past.
    private const uint FirstTick = 2;
    private const int LongestRelativeSeconds = 60 * 60 * 24 * 30;

    private readonly TimeProvider _time;
    private readonly long _startTimestamp;
    private readonly uint _firstTick;
    private readonly long _originUnixSeconds;

    public ServerClock(TimeProvider time, TimeSpan initialUptime)
    {
        _time = time;
        _startTimestamp = time.GetTimestamp();
        _firstTick = FirstTick + (uint)initialUptime.TotalSeconds;
        _originUnixSeconds = time.GetUtcNow().ToUnixTimeSeconds() - _firstTick;
    }

    /// <summary>Seconds since the origin; also what <c>stats</c> calls uptime.</summary>
    public uint Now => _firstTick + (uint)_time.GetElapsedTime(_startTimestamp).TotalSeconds;

    public long NowUnixSeconds => _originUnixSeconds + Now;

    /// <summary>A lifetime as a client writes it: 0 never, negative past, up to 30 days relative, beyond that Unix time.</summary>
    public uint ExpiryFrom(int seconds)
    {
        if (seconds == 0)
        {
            return 0;
        }

        // Negative numbers become the smallest absolute time, long past.
        var effective = seconds < 0 ? LongestRelativeSeconds + 1L : seconds;
        if (effective <= LongestRelativeSeconds)
        {
            return (uint)(effective + Now);
        }

        return effective <= _originUnixSeconds ? 1 : (uint)(effective - _originUnixSeconds);
    }
}
