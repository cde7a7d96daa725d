using System.Globalization;

namespace CascadeCache.Stress.Soak;

/// <summary>
/// Decides whether something grows. The first sixth of the samples is warm-up; of the rest, the median of the last third must not exceed that of the first by more
/// than a part and a constant: what a leak adds in that time is far more, what chance adds is less.
/// </summary>
internal static class SoakJudge
{
    private const int FewestSamples = 18;

    // Managed memory moves with what is in flight: entries of 600 to 3000 bytes, buffers from pools. The working set also with what the runtime
    // keeps of past peaks. Sockets and threads come and go with reconnects; timers with the calls that wait.
    private static readonly Dictionary<string, (double Part, long Constant)> Allowed = new()
    {
        [SoakSample.Managed] = (0.10, 1024),
        [SoakSample.WorkingSet] = (0.10, 20 * 1024),
        [SoakSample.Handles] = (0.10, 8),
        [SoakSample.Threads] = (0.10, 6),
        [SoakSample.Timers] = (0.25, 20),
        [SoakSample.Waiting] = (0.50, 20),
        [SoakSample.Backlog] = (0.50, 100),
        [SoakSample.Background] = (0.50, 20),
    };

    /// <summary>Nothing waits and nothing runs when nobody calls.</summary>
    public static bool IsAtRest(IReadOnlyList<long> sample) =>
        ((string[])[SoakSample.Waiting, SoakSample.Backlog, SoakSample.Background]).All(name => sample[Array.IndexOf(SoakSample.Names, name)] == 0);

    /// <summary>The table, and whether all of it is good.</summary>
    public static (bool IsGood, IReadOnlyList<string> Lines) Judge(IReadOnlyList<long[]> samples, long[]? atRest)
    {
        var lines = new List<string> { "| what | first third | last third | allowed | highest | at rest | |", "|---|---|---|---|---|---|---|" };
        List<long[]> warm = [.. samples.Skip(samples.Count / 6)];
        if (warm.Count < FewestSamples || atRest is null)
        {
            return (false, [string.Create(CultureInfo.InvariantCulture, $"{samples.Count} samples: too few, or the process did not come to rest.")]);
        }

        bool isGood = IsAtRest(atRest);
        int third = warm.Count / 3;
        for (int i = 0; i < SoakSample.Names.Length; i++)
        {
            string name = SoakSample.Names[i];
            long first = Median(warm.Take(third).Select(sample => sample[i]));
            long last = Median(warm.Skip(warm.Count - third).Select(sample => sample[i]));
            long allowed = (long)(first * (1 + Allowed[name].Part)) + Allowed[name].Constant;
            isGood &= last <= allowed;
            lines.Add(string.Create(
                CultureInfo.InvariantCulture, $"| {name} | {first} | {last} | {allowed} | {warm.Max(sample => sample[i])} | {atRest[i]} | {(last <= allowed ? "flat" : "GROWS")} |"));
        }

        lines.Add(IsAtRest(atRest) ? "At rest nothing waits, nothing runs and the backlog is empty." : "AT REST SOMETHING STILL WAITS OR RUNS.");
        return (isGood, lines);
    }

    private static long Median(IEnumerable<long> values)
    {
        long[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
