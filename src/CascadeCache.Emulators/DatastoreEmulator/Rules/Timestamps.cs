using Google.Protobuf.WellKnownTypes;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Timestamps between the wire (nanoseconds) and the store (microseconds since 1970, which are the versions too).</summary>
internal static class Timestamps
{
    private const long MicrosPerSecond = 1_000_000;
    private const long MinSeconds = -62_135_596_800;
    private const long MaxSeconds = 253_402_300_799;

    public static Timestamp FromMicros(long micros)
    {
        var seconds = Math.DivRem(micros, MicrosPerSecond, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += MicrosPerSecond;
        }

        return new Timestamp { Seconds = seconds, Nanos = (int)(rest * 1000) };
    }

    public static long ToMicros(Timestamp timestamp)
    {
        if (!IsValid(timestamp))
        {
            throw DatastoreError.Invalid("The timestamp is out of range.");
        }

        return (timestamp.Seconds * MicrosPerSecond) + (timestamp.Nanos / 1000);
    }

    public static Timestamp Truncate(Timestamp timestamp, string property)
    {
        if (!IsValid(timestamp))
        {
            throw DatastoreError.Invalid($"The timestamp of property \"{property}\" is out of range.");
        }

        return new Timestamp { Seconds = timestamp.Seconds, Nanos = timestamp.Nanos / 1000 * 1000 };
    }

    private static bool IsValid(Timestamp timestamp) =>
        timestamp.Seconds is >= MinSeconds and <= MaxSeconds && timestamp.Nanos is >= 0 and <= 999_999_999;
}
