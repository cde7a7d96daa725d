using System.Globalization;
using System.Text;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;

namespace CascadeCache.Tests.Flow;

/// <summary>
/// One random run of a few processes that read, write and remove one key. Every command of theirs waits until it is chosen, so a seed is an
/// interleaving. After a write was acknowledged or seen, no read that begins later may return an older value.
/// </summary>
/// <remarks>
/// Single-threaded: the calls are blocking ones, whose steps never leave the thread that lets their command go. The one assumption about time is
/// that a commit lands within its deadline and the allowance for late ones.
/// </remarks>
internal sealed class Explorer
{
    private const int Operations = 7;
    private const int MaxSteps = 400;
    private static readonly TimeSpan CommitLimit = TimeSpan.FromMilliseconds(29_500);

    private readonly FlowFixture _world;
    private readonly List<FlowProcess> _processes = [];
    private readonly List<Waiting> _waiting = [];
    private readonly List<TimeSpan> _lateSince = [];
    private readonly Dictionary<string, long> _versions = new(StringComparer.Ordinal);
    private readonly Random _random;
    private readonly Faults _faults;
    private readonly bool _checkSeen;
    private int _faultsLeft;
    private int _started;
    private int _running;
    private long _floor;
    private long _lastAbsence = 1000;
    private TimeSpan _elapsed;

    private Explorer(FlowFixture world, int seed, Defect defect, Faults faults, int maxFaults, bool checkSeen)
    {
        _world = world;
        (_random, _faults, _faultsLeft, _checkSeen) = (new Random(seed), faults, maxFaults, checkSeen);
        _world.Durable.Committed = OnCommitted;
        _world.Durable.Script.Scheduler = c => c.IsBackground ? ValueTask.FromResult(DurableFate.Run) : WaitAsync(c);
        for (int i = 0; i < 3; i++)
        {
            FlowProcess process = _world.Start(o => o.Consistency = CascadeConsistency.Strict);
            process.Tier.Script.Scheduler = c => c.IsBackground ? ValueTask.FromResult(VolatileFate.Run) : WaitAsync(c);
            var twin = new BrokenTwin(process.Tier, i == 0 ? defect : Defect.None);
            process.Tier.Wrap = _ => twin;
            _processes.Add(process);
        }
    }

    private string? Violation { get; set; }

    /// <summary>What went wrong; null if nothing did.</summary>
    public static string? Run(int seed, Defect defect, Faults faults, int maxFaults, bool checkSeen = true)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return new Explorer(new FlowFixture(), seed, defect, faults, maxFaults, checkSeen).Run();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private string? Run()
    {
        for (int step = 0; step < MaxSteps && Violation is null && (_started < Operations || _waiting.Count > 0); step++)
        {
            Step();
            Task.WaitAll([.. _processes.Select(p => p.Background.WhenIdleAsync())]);
        }

        return Violation;
    }

    private void Step()
    {
        int choice = _random.Next(20);
        if (_started < Operations && _running < 4 && (choice < 6 || _waiting.Count == 0))
        {
            Start();
        }
        else if (choice == 6 || _waiting.Count == 0)
        {
            Advance(TimeSpan.FromMilliseconds(_random.Next(1, 9000)));
        }
        else if (choice == 7)
        {
            _world.Durable.RunLate();
            _lateSince.Clear();
            _processes[_random.Next(3)].Tier.RunDelayed();
        }
        else if (choice == 8)
        {
            _processes[_random.Next(3)].Tier.Heal();
        }
        else if (choice == 9)
        {
            Disturb();
        }
        else
        {
            Waiting next = _waiting[_random.Next(_waiting.Count)];
            _waiting.Remove(next);
            next.Go(FateOf(next));
        }
    }

    private void Start()
    {
        FlowProcess process = _processes[_random.Next(3)];
        _started++;
        _running++;
        _ = _random.Next(8) switch
        {
            < 4 => ReadAsync(process),
            < 7 => WriteAsync(process, "v" + _started.ToString(CultureInfo.InvariantCulture)),
            _ => RemoveAsync(process),
        };
    }

    private async Task ReadAsync(FlowProcess process)
    {
        long floor = _floor;
        try
        {
            string? value;
            using (FoundValue found = await process.Flow.GetAsync(_world.Key, CallContext.Sync).ConfigureAwait(false))
            {
                value = found.Exists ? Encoding.UTF8.GetString(found.Payload.Span) : null;
            }

            // Of absences only the newest is known: a null is taken for it.
            long version = value is null ? _lastAbsence : _versions[value];
            if (version < floor)
            {
                Violation = $"A read that began when {floor} was acknowledged or seen returned {value ?? "nothing"}, version {version}.";
            }

            _floor = _checkSeen && value is not null ? Math.Max(_floor, version) : _floor;
        }
        finally
        {
            _running--;
        }
    }

    private async Task WriteAsync(FlowProcess process, string value)
    {
        try
        {
            await process.Flow.SetAsync(_world.Key, Encoding.UTF8.GetBytes(value), process.Hour, CallContext.Sync).ConfigureAwait(false);
            _floor = Math.Max(_floor, _versions[value]);
        }
        catch (CascadeCacheException)
        {
            return; // not acknowledged
        }
        finally
        {
            _running--;
        }
    }

    private async Task RemoveAsync(FlowProcess process)
    {
        try
        {
            long before = _lastAbsence;
            await process.Flow.RemoveAsync(_world.Key, CallContext.Sync).ConfigureAwait(false);
            _floor = Math.Max(_floor, Math.Min(_lastAbsence, before + 1));
        }
        catch (CascadeCacheException)
        {
            return; // not acknowledged
        }
        finally
        {
            _running--;
        }
    }

    private void OnCommitted(DurableValue? value, long version)
    {
        if (value is { } v)
        {
            _versions[Encoding.UTF8.GetString(v.Payload.Span)] = version;
        }
        else
        {
            _lastAbsence = version;
        }
    }

    private void Advance(TimeSpan by)
    {
        // A commit that was sent takes effect within its time or never.
        bool mayWait = _waiting.Where(w => w.IsCommit).Select(w => w.Since).Concat(_lateSince).All(since => _elapsed + by - since < CommitLimit);
        if (mayWait)
        {
            _elapsed += by;
            _world.Time.Advance(by);
        }
    }

    private void Disturb()
    {
        if (_world.StoredKind is not null and not EntryKind.Lock)
        {
            _world.Server.Evict("session.abc"); // values and leases may vanish at any time
        }
        else if (TrySpend(Faults.LostLock))
        {
            _world.Server.Evict("session.abc");
        }
        else if (TrySpend(Faults.Restart))
        {
            _world.Server.Restart();
        }
        else if (TrySpend(Faults.Cut))
        {
            _processes[_random.Next(3)].Tier.Cut();
        }
        else if (_waiting.Count > 0 && TrySpend(Faults.Crash))
        {
            _waiting.RemoveAt(_random.Next(_waiting.Count));
            _running--;
        }
    }

    private int FateOf(Waiting waiting)
    {
        if (waiting.IsCommit && TrySpend(Faults.UnknownCommit))
        {
            var fate = (DurableFate)_random.Next((int)DurableFate.Unavailable, (int)DurableFate.UnknownLate + 1);
            if (fate == DurableFate.UnknownLate)
            {
                _lateSince.Add(waiting.Since);
            }

            return (int)fate;
        }

        return waiting.IsVolatile && TrySpend(Faults.LostCommand) ? _random.Next((int)VolatileFate.Lost, (int)VolatileFate.Delayed + 1) : 0;
    }

    private bool TrySpend(Faults fault)
    {
        if ((_faults & fault) == 0 || _faultsLeft == 0 || _random.Next(4) != 0)
        {
            return false;
        }

        _faultsLeft--;
        return true;
    }

    private async ValueTask<VolatileFate> WaitAsync(VolatileCommand _) =>
        (VolatileFate)await Add(new Waiting(IsVolatile: true, IsCommit: false, _elapsed)).ConfigureAwait(false);

    private async ValueTask<DurableFate> WaitAsync(DurableCommand command) =>
        (DurableFate)await Add(new Waiting(IsVolatile: false, Commands.Commit(command), _elapsed)).ConfigureAwait(false);

    private Task<int> Add(Waiting waiting)
    {
        _waiting.Add(waiting);
        return waiting.Fate;
    }

    private sealed record Waiting(bool IsVolatile, bool IsCommit, TimeSpan Since)
    {
        // Continuations run at once, on the explorer's thread: that is what makes a seed repeatable.
        private readonly TaskCompletionSource<int> _fate = new();

        public Task<int> Fate => _fate.Task;

        public void Go(int fate) => _fate.SetResult(fate);
    }
}
