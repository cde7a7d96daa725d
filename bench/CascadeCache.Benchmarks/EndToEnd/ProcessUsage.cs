using System.Globalization;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>What a process has used so far; told between processes in a line.</summary>
internal readonly record struct ProcessUsage(long AllocatedBytes, double CpuMicroseconds, double GcPauseMilliseconds, int PoolThreads)
{
    public static ProcessUsage Now() => new(
        GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime.TotalMicroseconds, GC.GetTotalPauseDuration().TotalMilliseconds, ThreadPool.ThreadCount);

    public static ProcessUsage FromText(string text)
    {
        string[] words = text.Split(' ');
        return new(
            long.Parse(words[0], CultureInfo.InvariantCulture),
            double.Parse(words[1], CultureInfo.InvariantCulture),
            double.Parse(words[2], CultureInfo.InvariantCulture),
            int.Parse(words[3], CultureInfo.InvariantCulture));
    }

    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{AllocatedBytes} {CpuMicroseconds} {GcPauseMilliseconds} {PoolThreads}");
}
