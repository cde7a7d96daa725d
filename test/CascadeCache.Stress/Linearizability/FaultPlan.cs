using System.Collections.Concurrent;
using CascadeCache.TestKit.Processes;
using CascadeCache.TestKit.Servers;

namespace CascadeCache.Stress.Linearizability;

/// <summary>
/// Makes faults while the load runs: every kind has a track of its own, so that several are under way at once. What a track draws depends on the seed
/// and its kind alone. All is whole again when <see cref="RunAsync"/> ends.
/// </summary>
internal sealed class FaultPlan(RunOptions options, IReadOnlyList<RealMemcached> memcached, EmulatorProcess datastore, IReadOnlyList<WorkerPlace> workers)
    : IDisposable
{
    private readonly SemaphoreSlim[] _serverTurns = [.. memcached.Select(static _ => new SemaphoreSlim(1))];
    private readonly SemaphoreSlim _datastoreTurn = new(1);
    private readonly SemaphoreSlim[] _workerTurns = [.. workers.Select(static _ => new SemaphoreSlim(1))];
    private readonly ConcurrentDictionary<FaultKind, int> _counts = new();
    private readonly ConcurrentDictionary<string, bool> _datastoreFaults = new();

    public IReadOnlyDictionary<FaultKind, int> Counts => _counts;

    /// <summary>Makes faults until <paramref name="stopping"/> fires; then the last ones are undone.</summary>
    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(options.Faults.Select(kind => TrackAsync(kind, stopping)));

    public void Dispose()
    {
        foreach (SemaphoreSlim turn in (SemaphoreSlim[])[.. _serverTurns, .. _workerTurns, _datastoreTurn])
        {
            turn.Dispose();
        }
    }

    private async Task TrackAsync(FaultKind kind, CancellationToken stopping)
    {
        (double gap, Func<Random, CancellationToken, Task>? fault) = Track(kind);
        if (fault is null)
        {
            return;
        }

        var random = new Random(unchecked((options.Seed * 7919) + (int)kind));
        double share = 0.3; // the first ones come early: a short run shall have every kind
        while (!stopping.IsCancellationRequested)
        {
            await DelayAsync(gap * share * (0.5 + random.NextDouble()), stopping);
            if (!stopping.IsCancellationRequested)
            {
                _counts.AddOrUpdate(kind, 1, static (_, count) => count + 1);
                await fault(random, stopping);
            }

            share = 1;
        }
    }

    /// <summary>Seconds between two faults of a kind, on average, and what one is.</summary>
    private (double Gap, Func<Random, CancellationToken, Task>? Fault) Track(FaultKind kind) => kind switch
    {
        FaultKind.MemcachedKill => (20, KillMemcachedAsync),
        FaultKind.MemcachedPause => (5, PauseMemcachedAsync),
        FaultKind.Reset => (0.7, ResetAsync),
        FaultKind.Drop => (0.5, DropAsync),
        FaultKind.Delay => (2, DelayWireAsync),
        FaultKind.Hold => (1, HoldAsync),
        FaultKind.Isolate => (3, IsolateAsync),
        FaultKind.DatastoreKill => (10, KillDatastoreAsync),
        FaultKind.DatastoreErrors => (4, (random, stopping) => SpoilDatastoreAsync(EmulatorCommand.Errors, random, stopping)),
        FaultKind.DatastoreLate => (4, (random, stopping) => SpoilDatastoreAsync(EmulatorCommand.Late, random, stopping)),
        FaultKind.WorkerKill => (6, (random, _) => InTurnAsync(_workerTurns, random, i => workers[i].ReplaceAsync())),
        _ => (1, null), // evictions happen all the time
    };

    private Task KillMemcachedAsync(Random random, CancellationToken stopping) => InTurnAsync(_serverTurns, random, async i =>
    {
        memcached[i].Kill();
        await DelayAsync(random.NextDouble(), stopping);
        await memcached[i].StartAgainAsync();
    });

    private Task PauseMemcachedAsync(Random random, CancellationToken stopping) => InTurnAsync(_serverTurns, random, async i =>
    {
        memcached[i].Pause();
        await DelayAsync(1.2 * random.NextDouble(), stopping);
        memcached[i].Resume();
    });

    private async Task KillDatastoreAsync(Random random, CancellationToken stopping)
    {
        await _datastoreTurn.WaitAsync(CancellationToken.None);
        try
        {
            await datastore.KillAsync();
            await DelayAsync(random.NextDouble(), stopping);
            await datastore.StartAgainAsync();
        }
        finally
        {
            _datastoreTurn.Release();
        }
    }

    private async Task SpoilDatastoreAsync(string fault, Random random, CancellationToken stopping)
    {
        await SetDatastoreFaultAsync(fault, isOn: true);
        await DelayAsync(1 + (2 * random.NextDouble()), stopping);
        await SetDatastoreFaultAsync(fault, isOn: false);
    }

    private async Task SetDatastoreFaultAsync(string fault, bool isOn)
    {
        await _datastoreTurn.WaitAsync(CancellationToken.None);
        try
        {
            _datastoreFaults[fault] = isOn;
            await datastore.SetFaultsAsync(string.Join(' ', _datastoreFaults.Where(static f => f.Value).Select(static f => f.Key)));
        }
        finally
        {
            _datastoreTurn.Release();
        }
    }

    private Task ResetAsync(Random random, CancellationToken stopping)
    {
        WorkerPlace worker = Pick(workers, random);
        FaultProxy proxy = random.Next(4) == 0 ? worker.Datastore : Pick(worker.Memcached, random);
        proxy.Reset();
        return Task.CompletedTask;
    }

    // Only of answers. memcached executes what is left of a damaged request, and nothing in its protocol lets it notice: no client can do anything about that.
    private Task DropAsync(Random random, CancellationToken stopping)
    {
        Pick(Pick(workers, random).Memcached, random).ToClient.Drop(random.Next(1, 60), after: random.Next(2000));
        return Task.CompletedTask;
    }

    private async Task DelayWireAsync(Random random, CancellationToken stopping)
    {
        WorkerPlace worker = Pick(workers, random);
        FaultProxy proxy = random.Next(3) == 0 ? worker.Datastore : Pick(worker.Memcached, random);
        ProxiedDirection direction = random.Next(2) == 0 ? proxy.ToClient : proxy.ToServer;
        direction.Delay = Scale.LongestDelay * (proxy == worker.Datastore ? random.NextDouble() : random.NextDouble() / 3);
        await DelayAsync(0.5 + random.NextDouble(), stopping);
        direction.Delay = TimeSpan.Zero;
    }

    private async Task HoldAsync(Random random, CancellationToken stopping)
    {
        WorkerPlace worker = Pick(workers, random);
        ProxiedDirection direction = (random.Next(4) == 0 ? worker.Datastore : Pick(worker.Memcached, random)).ToServer;
        direction.Hold();
        await DelayAsync(Scale.LongestHold.TotalSeconds * random.NextDouble(), stopping);
        direction.Release();
    }

    private async Task IsolateAsync(Random random, CancellationToken stopping)
    {
        FaultProxy proxy = Pick(Pick(workers, random).Memcached, random);
        proxy.IsCut = true;
        await DelayAsync(0.5 + (2.5 * random.NextDouble()), stopping);
        proxy.IsCut = false;
    }

    private static async Task InTurnAsync(SemaphoreSlim[] turns, Random random, Func<int, Task> fault)
    {
        int i = random.Next(turns.Length);
        await turns[i].WaitAsync(CancellationToken.None);
        try
        {
            await fault(i);
        }
        finally
        {
            turns[i].Release();
        }
    }

    private static T Pick<T>(IReadOnlyList<T> from, Random random) => from[random.Next(from.Count)];

    // Cut short at the end of the run: then what was broken is repaired at once.
    private static Task DelayAsync(double seconds, CancellationToken stopping) =>
        Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System, stopping).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
