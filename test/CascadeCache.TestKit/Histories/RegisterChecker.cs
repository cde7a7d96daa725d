namespace CascadeCache.TestKit.Histories;

/// <summary>
/// Decides whether the history of one key is that of a register: whether there is an order of its operations that keeps to real time and in which each read
/// returns the last value written. Exact, except that it gives up, visibly, when there are too many orders to follow.
/// </summary>
/// <remarks>
/// It walks along the history and keeps every configuration that explains the operations that have ended: the register's value and which of the running operations
/// have taken effect already. Effects are placed as late as possible, when an operation ends that has to have had one (Lowe's just-in-time form of
/// Wing and Gong's search), so that time and memory grow with how much overlaps, not with the length of the history. What makes values unique makes the
/// search small: a value whose reads are not all done cannot be left, because it never comes back. Only absence comes back.
/// A conditional write reads and writes in one step: nothing takes effect between.
/// </remarks>
public sealed class RegisterChecker
{
    private const int MaxConfigurations = 200_000;

    private readonly RegisterRun _run = new();
    private readonly List<Moment> _moments = [];
    private HashSet<Configuration> _alive = [new(RegisterOperation.Absent, UInt128.Zero)];

    private RegisterChecker()
    {
    }

    /// <summary>Checks the operations of one key, which is absent at first.</summary>
    /// <param name="history">All of them, in any order. A read whose outcome is not "done" says nothing.</param>
    /// <param name="effectLimit">How long after its start a removal of unknown outcome may take effect, in the history's unit.</param>
    public static RegisterVerdict Check(IReadOnlyCollection<RegisterOperation> history, long effectLimit = long.MaxValue)
    {
        var values = new WrittenValues(history);
        List<RegisterOperation> reads = [.. history.Where(static o => o.IsRead && o.IsDone).OrderBy(static o => o.End)];
        foreach (RegisterOperation read in reads)
        {
            if (values.FaultOf(read) is { } fault)
            {
                return RegisterVerdict.Violation(read, fault);
            }
        }

        Dictionary<long, long> seenBy = SeenBy(history, reads);
        if (values.FirstImpossible(seenBy) is { } impossible)
        {
            return RegisterVerdict.Violation(impossible, "a write over a value that was not there yet, or never was");
        }

        var checker = new RegisterChecker();
        checker.Schedule(history, reads, seenBy, effectLimit);
        return checker.Walk();
    }

    private void Schedule(IReadOnlyCollection<RegisterOperation> history, List<RegisterOperation> reads, Dictionary<long, long> seenBy, long effectLimit)
    {
        foreach (RegisterOperation read in reads)
        {
            _run.ExpectRead(read.Value);
            Add(new RunningOperation(read, MustHappen: true), read.End);
        }

        foreach (RegisterOperation write in history.Where(static o => o.IsWrite && o.Outcome != RegisterOutcome.Failed))
        {
            bool isRead = seenBy.TryGetValue(write.Value, out long seen) && write.Value != RegisterOperation.Absent;
            if (write.Expected is { } expected && (write.IsDone || isRead))
            {
                // What it replaced must not be left before, as if it were read once more.
                _run.ExpectRead(expected);
            }

            if (write.IsDone)
            {
                Add(new RunningOperation(write, MustHappen: true), isRead ? Math.Min(write.End, seen) : write.End);
            }
            else if (isRead)
            {
                Add(new RunningOperation(write, MustHappen: true), seen);
            }
            else if (write.Value == RegisterOperation.Absent)
            {
                // It may explain an absence, if it has a condition as well: to ask for less is safe. An unknown write that nobody read explains nothing, and can be left out.
                Add(new RunningOperation(write with { Expected = null }, MustHappen: false), effectLimit > long.MaxValue - write.Start ? long.MaxValue : write.Start + effectLimit);
            }
        }

        // What only touches counts as overlapping.
        _moments.Sort(static (a, b) => a.Time != b.Time ? a.Time.CompareTo(b.Time) : a.IsEnd.CompareTo(b.IsEnd));
    }

    /// <summary>When each value had been written at the latest: a write has taken effect when somebody has read it or written over it, whatever its own caller was told and when.</summary>
    private static Dictionary<long, long> SeenBy(IReadOnlyCollection<RegisterOperation> history, List<RegisterOperation> reads)
    {
        Dictionary<long, long> replacedBy = history.Where(static o => o.IsWrite && o.Value != RegisterOperation.Absent && o.Expected is not null)
            .ToDictionary(static o => o.Value, static o => o.Expected!.Value);
        Dictionary<long, long> seenBy = [];
        foreach (RegisterOperation read in reads)
        {
            See(read.Value, read.End);
        }

        foreach (RegisterOperation write in history.Where(static o => o.IsWrite && o.IsDone && o.Expected is not null))
        {
            See(write.Expected!.Value, write.End);
        }

        return seenBy;

        // What was seen has replaced what it was to replace, and so on back.
        void See(long value, long end)
        {
            while (!seenBy.TryGetValue(value, out long known) || end < known)
            {
                seenBy[value] = end;
                if (!replacedBy.TryGetValue(value, out value))
                {
                    return;
                }
            }
        }
    }

    private void Add(RunningOperation operation, long end)
    {
        _moments.Add(new Moment(operation.Operation.Start, IsEnd: false, operation));
        _moments.Add(new Moment(end, IsEnd: true, operation));
    }

    private RegisterVerdict Walk()
    {
        foreach (Moment moment in _moments)
        {
            RegisterOperation operation = moment.Operation.Operation;
            if (!moment.IsEnd)
            {
                if (!_run.TryBegin(moment.Operation))
                {
                    return new RegisterVerdict(RegisterJudgement.Inconclusive, operation, $"more than {RegisterRun.MaxRunning} operations overlap");
                }

                _alive = [.. _alive.Select(_run.Normalized)];
                continue;
            }

            UInt128 bit = _run.BitOf(moment.Operation);
            var next = new HashSet<Configuration>();
            foreach (Configuration configuration in _alive)
            {
                bool isMade = (configuration.Made & bit) != 0;
                if (isMade || !moment.Operation.MustHappen)
                {
                    next.Add(configuration with { Made = configuration.Made & ~bit });
                }

                if (!isMade)
                {
                    Reach(configuration, bit, next);
                }

                if (next.Count > MaxConfigurations)
                {
                    return new RegisterVerdict(RegisterJudgement.Inconclusive, operation, $"more than {MaxConfigurations} configurations");
                }
            }

            if (next.Count == 0)
            {
                return RegisterVerdict.Violation(operation, operation.IsRead
                    ? "read what no order of the operations explains: something newer had been acknowledged, or read, before it began"
                    : "no order of the operations explains what was read before and after this write");
            }

            _run.End(moment.Operation);
            _alive = next;
        }

        return RegisterVerdict.Linearizable;
    }

    /// <summary>Adds what can be reached from the configuration by running operations taking effect until that of <paramref name="bit"/> has.</summary>
    private void Reach(Configuration from, UInt128 bit, HashSet<Configuration> reached)
    {
        var seen = new HashSet<Configuration> { from };
        var open = new Stack<Configuration>([from]);
        while (open.TryPop(out Configuration current))
        {
            foreach (Configuration next in _run.Successors(current))
            {
                if ((next.Made & bit) != 0)
                {
                    reached.Add(next with { Made = next.Made & ~bit });
                }
                else if (seen.Count <= MaxConfigurations && seen.Add(next))
                {
                    open.Push(next);
                }
            }
        }
    }

    private readonly record struct Moment(long Time, bool IsEnd, RunningOperation Operation);
}
