using System.Text;
using CascadeCache.Diagnostics;
using CascadeCache.Emulators;
using Grpc.Core;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>The rows, in the README's order.</summary>
internal static class OutageRows
{
    private static readonly Counter[] s_withoutLock = [Counter.MemcacheUnavailable, Counter.BacklogAdded];

    public static IReadOnlyList<OutageRow> Memcached { get; } =
    [
        new("memcached refuses connections", Kill, StartAgain)
        {
            Set = OutageRow.WorksOrStrictUnavailable, Remove = OutageRow.WorksOrStrictUnavailable, Session = OutageRow.WorksOrStrictUnavailable, Counted = s_withoutLock,
        },
        new("memcached hangs, or answers after its time-out", static scene => Run(scene.Servers.Memcached.Pause), static scene => Run(scene.Servers.Memcached.Resume))
        {
            Set = OutageRow.WorksOrStrictUnavailable, Remove = OutageRow.WorksOrStrictUnavailable, Session = OutageRow.WorksOrStrictUnavailable, Counted = s_withoutLock,
            Configure = HurryMemcache,
        },
        new("memcached is slow, within its time-out", static scene => Delay(scene, 20), static scene => Delay(scene, 0)),
        new("memcached is full and does not evict (`-M`)", FillAsync, FlushAsync)
        {
            Set = OutageRow.WorksOrStrictUnavailable, Remove = OutageRow.WorksOrStrictUnavailable, Session = OutageRow.WorksOrStrictUnavailable, MayWorkUnderStrict = true,
            MemcachedArguments = ["-m", "2", "-M"],
        },
        new("memcached evicts", FillAsync, FlushAsync) { MemcachedArguments = ["-m", "2"] },
        new("memcached was restarted", RestartAsync, static _ => Task.CompletedTask) { Counted = [Counter.MemcacheDisconnects, Counter.MemcacheConnects] },
        new("memcached is cut off for one application server", static scene => Run(scene.WayOfOne.Cut), static scene => Run(scene.WayOfOne.Mend))
        {
            Set = OutageRow.WorksOrStrictUnavailable, Remove = OutageRow.WorksOrStrictUnavailable, Session = OutageRow.WorksOrStrictUnavailable, Counted = s_withoutLock,
        },
    ];

    public static IReadOnlyList<OutageRow> Datastore { get; } =
    [
        new("Datastore is down", static scene => Fail(scene, null, StatusCode.Unavailable), HealDatastore)
        {
            GetUncached = OutageRow.Unavailable, Set = OutageRow.Unavailable, Remove = OutageRow.Unavailable, Session = OutageRow.Unavailable,
            Counted = [Counter.DatastoreFailures, Counter.DatastoreRetries],
        },
        new("Datastore hangs, or answers after its time-out", HangDatastore, HealDatastore)
        {
            GetUncached = OutageRow.Unavailable, Set = OutageRow.Unknown, Remove = OutageRow.Unknown, Session = OutageRow.Unknown,
            Counted = [Counter.DatastoreFailures, Counter.DatastoreUnknownOutcomes], Configure = HurryDatastore,
        },
        new("Datastore rejects writes: permission", static scene => Fail(scene, "Commit", StatusCode.PermissionDenied), HealDatastore)
        {
            Set = OutageRow.Rejected, Remove = OutageRow.Rejected, Session = OutageRow.Rejected, Counted = [Counter.DatastoreFailures],
        },
        new("Datastore rejects writes: quota", static scene => Fail(scene, "Commit", StatusCode.ResourceExhausted), HealDatastore)
        {
            Set = OutageRow.Rejected, Remove = OutageRow.Rejected, Session = OutageRow.Rejected, Counted = [Counter.DatastoreFailures, Counter.DatastoreRetries],
        },
        new("Datastore reports conflicts that pass (`ABORTED`)", ConflictOnce, HealDatastore) { Counted = [Counter.DatastoreRetries] },
        new("Datastore reports conflicts that stay (`ABORTED`)", static scene => Fail(scene, "Commit", StatusCode.Aborted), HealDatastore)
        {
            Set = OutageRow.Unavailable, Remove = OutageRow.Unavailable, Session = OutageRow.Unavailable, Counted = [Counter.DatastoreFailures, Counter.DatastoreRetries],
        },
        new("both are down", BreakBothAsync, HealBothAsync)
        {
            GetCached = OutageRow.Unavailable, GetUncached = OutageRow.Unavailable, Set = OutageRow.Unavailable, Refresh = OutageRow.Unavailable, Remove = OutageRow.Unavailable,
            Session = OutageRow.Unavailable, Counted = [Counter.MemcacheUnavailable, Counter.DatastoreFailures],
        },
    ];

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static Task Kill(OutageScene scene) => Run(scene.Servers.Memcached.Kill);

    private static Task StartAgain(OutageScene scene) => scene.Servers.Memcached.StartAgainAsync();

    private static async Task RestartAsync(OutageScene scene)
    {
        scene.Servers.Memcached.Kill();
        await scene.Servers.Memcached.StartAgainAsync();
        scene.Servers.Clock.Advance(TimeSpan.FromSeconds(5)); // what was lost in between may be connected to again
    }

    private static Task Delay(OutageScene scene, int milliseconds) => Run(() =>
        scene.WayOfOne.Delay = scene.WayOfOther.Delay = TimeSpan.FromMilliseconds(milliseconds));

    // Values of every size that the test uses, until the server has no chunk left; one that evicts throws the older ones out.
    private static async Task FillAsync(OutageScene scene)
    {
        for (int size = 1; size < 4000; size += 1 + (size / 6))
        {
            var batch = new StringBuilder();
            for (int i = 0; i * (size + 60) < 2_200_000; i++)
            {
                batch.Append(System.Globalization.CultureInfo.InvariantCulture, $"set fill.{size}.{i} 0 0 {size} noreply\r\n").Append('x', size).Append("\r\n");
            }

            await scene.Servers.Memcached.AskAsync(batch.Append("mn\r\n").ToString(), "MN\r\n");
        }
    }

    private static Task FlushAsync(OutageScene scene) => scene.Servers.Memcached.AskAsync("flush_all\r\n", "OK\r\n");

    private static Task Fail(OutageScene scene, string? method, StatusCode code) => Run(() => scene.Servers.OnCall = (point, _) =>
        method is null || point.Method == method ? throw new DatastoreFaultException(code, "outage") : ValueTask.CompletedTask);

    private static Task HangDatastore(OutageScene scene) => Run(() => scene.Servers.OnCall = static async (_, token) =>
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token));

    private static Task ConflictOnce(OutageScene scene)
    {
        int commits = 0;
        return Run(() => scene.Servers.OnCall = (point, _) =>
            point is { Method: "Commit", Phase: DatastoreFaultPhase.Before } && Interlocked.Increment(ref commits) <= 2
                ? throw new DatastoreFaultException(StatusCode.Aborted, "outage")
                : ValueTask.CompletedTask);
    }

    private static Task HealDatastore(OutageScene scene) => Run(() => scene.Servers.OnCall = null);

    private static async Task BreakBothAsync(OutageScene scene)
    {
        await Kill(scene);
        await Fail(scene, null, StatusCode.Unavailable);
    }

    private static async Task HealBothAsync(OutageScene scene)
    {
        await HealDatastore(scene);
        await StartAgain(scene);
    }

    private static void HurryMemcache(CascadeCacheOptions options)
    {
        options.Memcache.ConnectTimeout = TimeSpan.FromMilliseconds(500);
        options.Memcache.OperationTimeout = TimeSpan.FromMilliseconds(300);
        options.Resilience.Memcache.TotalTimeout = TimeSpan.FromSeconds(1);
    }

    private static void HurryDatastore(CascadeCacheOptions options)
    {
        options.Datastore.OperationTimeout = TimeSpan.FromSeconds(2);
        options.Resilience.Datastore.TotalTimeout = TimeSpan.FromSeconds(3);
    }
}
