using System.Globalization;
using CascadeCache.Flow;

namespace CascadeCache.Stress.Soak;

/// <summary>What a process holds at one moment.</summary>
internal static class SoakSample
{
    public const string Line = "sample ";

    public const string Managed = "managed memory, KiB";
    public const string WorkingSet = "working set, KiB";
    public const string Handles = "open files and sockets";
    public const string Threads = "threads";
    public const string Timers = "active timers";
    public const string Waiting = "requests waiting for memcached";
    public const string Backlog = "keys on the backlog";
    public const string Background = "background work";

    public static readonly string[] Names = [Managed, WorkingSet, Handles, Threads, Timers, Waiting, Backlog, Background];

    /// <summary>Takes it, after a full collection: garbage is not growth.</summary>
    public static string Take(IReadOnlyList<CascadeDistributedCache> caches)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
        GC.WaitForPendingFinalizers();
        long managed = GC.GetTotalMemory(forceFullCollection: true);
        long[] values =
        [
            managed / 1024,
            Environment.WorkingSet / 1024,
            Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(),
            Directory.EnumerateFileSystemEntries("/proc/self/task").Count(),
            Timer.ActiveCount,
            caches.Sum(static cache => cache.Parts.WaitingRequests),
            caches.Sum(static cache => ((CascadeFlow)cache.Parts.Flow).Backlog.Count),
            caches.Sum(static cache => cache.Parts.Background.Count),
        ];
        return Line + string.Join(' ', values.Select(static value => value.ToString(CultureInfo.InvariantCulture)));
    }

    public static long[] Parse(string line) => [.. line[Line.Length..].Split(' ').Select(static word => long.Parse(word, CultureInfo.InvariantCulture))];
}
