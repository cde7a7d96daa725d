namespace CascadeCache.Fuzz.Targets;

/// <summary>A clock that stands still, so that an input always has the same outcome.</summary>
internal sealed class StillTime : TimeProvider
{
    public static readonly StillTime Instance = new();

    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static long NowMilliseconds => Now.ToUnixTimeMilliseconds();

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => 0;
}
