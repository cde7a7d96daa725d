namespace CascadeCache.TestKit.Histories;

/// <summary>A read that returned something older than what had been acknowledged when it began.</summary>
/// <param name="Read">The read.</param>
/// <param name="Age">How long before it the oldest write was acknowledged that it should have seen.</param>
/// <param name="Reason">Why it was not allowed; null when it was.</param>
public sealed record StaleRead(RegisterOperation Read, long Age, string? Reason);

/// <summary>
/// Judges the history of one key of a cache that prefers availability (<c>CascadeConsistency.Available</c>). A read may miss an acknowledged write only if that
/// write was cut off from memcached, was another process's, and was acknowledged no longer ago than the bound.
/// </summary>
/// <remarks>
/// Sound, not exact: a write counts as newer than the value that was read only if it began after that value's write had ended. For absence the
/// most favourable removal counts.
/// </remarks>
public static class StalenessChecker
{
    /// <summary>The reads that were stale, and those that were impossible, in the order in which they ended.</summary>
    /// <param name="history">All operations of one key, which is absent at first.</param>
    /// <param name="bound">How old a write may be, at the beginning of a read that misses it.</param>
    public static IReadOnlyList<StaleRead> Check(IReadOnlyCollection<RegisterOperation> history, long bound)
    {
        var values = new WrittenValues(history);
        RegisterOperation[] acknowledged = [.. history.Where(static o => o.IsWrite && o.IsDone).OrderBy(static o => o.Start)];
        RegisterOperation[] removals = [.. history.Where(static o => o.IsWrite && o.Value == RegisterOperation.Absent && o.Outcome != RegisterOutcome.Failed)];
        var all = new Acknowledgements(acknowledged);
        var locked = new Acknowledgements(acknowledged.Where(static o => !o.WasCutOff));
        Dictionary<int, Acknowledgements> own = acknowledged.GroupBy(static o => o.Process).ToDictionary(static g => g.Key, static g => new Acknowledgements(g));

        var found = new List<StaleRead>();
        foreach (RegisterOperation read in history.Where(static o => o.IsRead && o.IsDone).OrderBy(static o => o.End))
        {
            if (values.FaultOf(read) is { } fault)
            {
                found.Add(new StaleRead(read, 0, fault));
                continue;
            }

            long writtenBy = WrittenBy(read, values, removals);
            if (all.FirstAfter(writtenBy) is not { } first || first >= read.Start)
            {
                continue;
            }

            long age = read.Start - first;
            string? reason = null;
            if (own.GetValueOrDefault(read.Process)?.FirstAfter(writtenBy) < read.Start)
            {
                reason = "read something older than its own process had written";
            }
            else if (locked.FirstAfter(writtenBy) < read.Start)
            {
                reason = "read something older than a write that was acknowledged and was not cut off";
            }
            else if (age > bound)
            {
                reason = "read something that had been replaced longer ago than the bound";
            }

            found.Add(new StaleRead(read, age, reason));
        }

        return found;
    }

    /// <summary>When the value that was read had been written at the latest; a write that began later is newer.</summary>
    private static long WrittenBy(RegisterOperation read, WrittenValues values, RegisterOperation[] removals)
    {
        if (read.Value != RegisterOperation.Absent)
        {
            return LatestEffect(values.WriteOf(read.Value));
        }

        return removals.Where(removal => removal.Start <= read.End).Select(LatestEffect).DefaultIfEmpty(long.MinValue).Max();
    }

    private static long LatestEffect(RegisterOperation write) => write.IsDone ? write.End : long.MaxValue;

    /// <summary>Finds the earliest acknowledgement of the writes that began after a moment.</summary>
    private sealed class Acknowledgements
    {
        private readonly long[] _starts;
        private readonly long[] _earliestEndFrom;

        public Acknowledgements(IEnumerable<RegisterOperation> writesByStart)
        {
            RegisterOperation[] writes = [.. writesByStart];
            _starts = [.. writes.Select(static w => w.Start)];
            _earliestEndFrom = [.. writes.Select(static w => w.End)];
            for (int i = writes.Length - 2; i >= 0; i--)
            {
                _earliestEndFrom[i] = Math.Min(_earliestEndFrom[i], _earliestEndFrom[i + 1]);
            }
        }

        public long? FirstAfter(long time)
        {
            int low = 0;
            int high = _starts.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                (low, high) = _starts[middle] > time ? (low, middle) : (middle + 1, high);
            }

            return low < _starts.Length ? _earliestEndFrom[low] : null;
        }
    }
}
