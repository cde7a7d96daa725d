using System.Globalization;
using System.Text;

namespace CascadeCache.Stress.Linearizability;

/// <summary>The bytes of a value: its key, its number, and filler that depends on both, so that one damaged or foreign byte is seen.</summary>
internal static class StressValue
{
    /// <summary>Read in the place of a value that is none: nobody ever writes it.</summary>
    public const long Damaged = -1;

    private const int UsualBytes = 600;
    private const int LargeBytes = 3000; // above Scale.LargestMemcacheValue: kept in Datastore alone, with a marker in memcached
    private const int LargeOneIn = 20;

    /// <summary>A number that no other write of the run has.</summary>
    public static long Number(int process, int count) => ((long)process << 32) | (uint)count;

    public static byte[] Write(string key, long number)
    {
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{key}|{number}|"));
        byte[] value = new byte[number % LargeOneIn == 0 ? LargeBytes : UsualBytes];
        head.CopyTo(value, 0);
        uint state = (uint)number;
        for (int i = head.Length; i < value.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            value[i] = (byte)(state >> 24);
        }

        return value;
    }

    public static long Read(string key, ReadOnlySpan<byte> value)
    {
        int first = value.IndexOf((byte)'|');
        int second = first < 0 ? -1 : value[(first + 1)..].IndexOf((byte)'|');
        return second > 0
            && long.TryParse(value.Slice(first + 1, second), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            && value.SequenceEqual(Write(key, number))
                ? number
                : Damaged;
    }
}
