using System.Globalization;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>The sizes that are measured, and how they are written.</summary>
internal static class Sizes
{
    /// <summary>The largest fits into an item of memcached's default limit, and into one Datastore entity.</summary>
    public static readonly int[] All = [100, 1024, 16 * 1024, 256 * 1024, 1_000_000];

    public static string Text(int size) => size switch
    {
        1_000_000 => "1 MB",
        >= 1024 when size % 1024 == 0 => string.Create(CultureInfo.InvariantCulture, $"{size / 1024} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{size} B"),
    };

    public static string Callers(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "caller" : "callers")}");
}
