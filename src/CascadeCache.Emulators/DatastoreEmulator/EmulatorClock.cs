namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// Versions: microseconds since 1970 by the given clock, but never one that was given out before, not even when the clock steps
/// back or the store comes from an earlier process. Not thread-safe: used under the engine's lock.
/// </summary>
internal sealed class EmulatorClock(TimeProvider time, long lastVersion)
{
    private long last = lastVersion;

    /// <summary>The version that a read sees: every commit so far is at or below it, every later one above it.</summary>
    public long Now() => last = Math.Max(last, Micros());

    /// <summary>The version of a commit.</summary>
    public long Next() => last = Math.Max(last + 1, Micros());

    private long Micros() => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
