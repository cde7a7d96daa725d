namespace CascadeCache.Tests.Memcache;

/// <summary>The system's time, of which the test can skip some: time-outs run as in production, and delays between connections are not waited for.</summary>
internal sealed class SkippingTime : TimeProvider
{
    private long _skipped;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => System.GetElapsedTime(0, System.GetTimestamp()).Ticks + Interlocked.Read(ref _skipped);

    public void Skip(TimeSpan by) => Interlocked.Add(ref _skipped, by.Ticks);
}
