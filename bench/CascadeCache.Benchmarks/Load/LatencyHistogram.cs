using System.Diagnostics;
using System.Numerics;

namespace CascadeCache.Benchmarks.Load;

/// <summary>
/// Counts durations in buckets that are at most 1/64 wide of what they hold: exact below 128 ticks, then 64 buckets for each doubling. Recording allocates nothing. Used by one
/// caller at a time; those of many callers are added up afterwards.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBucketBits = 6;
    private const int SubBuckets = 1 << SubBucketBits;

    // Durations up to 2^37 ticks of a nanosecond, more than two minutes; longer ones are counted as that.
    private const int LongestBits = 37;
    private const int Buckets = (LongestBits - SubBucketBits + 1) * SubBuckets;

    private readonly uint[] _counts = new uint[Buckets];

    public long Count { get; private set; }

    public void Record(long ticks)
    {
        _counts[BucketOf(ticks)]++;
        Count++;
    }

    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < Buckets; i++)
        {
            _counts[i] += other._counts[i];
        }

        Count += other.Count;
    }

    /// <summary>The duration, in microseconds, that this part of all did not exceed; 0 if nothing was recorded.</summary>
    public double Microseconds(double quantile)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(quantile * Count));
        long seen = 0;
        for (int i = 0; i < Buckets; i++)
        {
            seen += _counts[i];
            if (seen >= rank && _counts[i] > 0)
            {
                return MiddleOf(i) * 1e6 / Stopwatch.Frequency;
            }
        }

        return 0;
    }

    private static int BucketOf(long ticks)
    {
        ulong value = (ulong)Math.Max(0, ticks);
        int shift = Math.Max(0, BitOperations.Log2(value | 1) - SubBucketBits);
        return Math.Min(Buckets - 1, (shift * SubBuckets) + (int)(value >> shift));
    }

    private static double MiddleOf(int bucket)
    {
        int shift = Math.Max(0, (bucket / SubBuckets) - 1);
        long low = (long)(bucket - (shift * SubBuckets)) << shift;
        return low + (((1L << shift) - 1) / 2.0);
    }
}
