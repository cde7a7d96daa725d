using System.Globalization;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>What a load measured; told between processes in a line. Times in microseconds.</summary>
internal readonly record struct HttpLoadResult(long Requests, long Lost, double Seconds, double P50, double P99, double P999)
{
    public static HttpLoadResult FromText(string text)
    {
        double[] numbers = [.. text.Split(' ').Select(static word => double.Parse(word, CultureInfo.InvariantCulture))];
        return new((long)numbers[0], (long)numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
    }

    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{Requests} {Lost} {Seconds} {P50} {P99} {P999}");
}
