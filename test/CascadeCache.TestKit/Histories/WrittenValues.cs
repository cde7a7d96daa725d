namespace CascadeCache.TestKit.Histories;

/// <summary>Which write each value of a history comes from, and the reads that cannot be right in any order.</summary>
internal sealed class WrittenValues
{
    private readonly Dictionary<long, RegisterOperation> _writes = [];
    private readonly RegisterOperation[] _conditional;

    public WrittenValues(IReadOnlyCollection<RegisterOperation> history)
    {
        _conditional = [.. history.Where(static o => o is { IsWrite: true, Expected: not null })];
        foreach (RegisterOperation write in history.Where(static o => o.IsWrite && o.Value != RegisterOperation.Absent))
        {
            if (!_writes.TryAdd(write.Value, write))
            {
                throw new ArgumentException($"The value {write.Value} is written twice: nothing can be said of who read which.", nameof(history));
            }
        }
    }

    /// <summary>A conditional write of which it is known that it was made, though what it replaced cannot have been there; null: none is.</summary>
    /// <param name="seenBy">Of each value, when it had been written at the latest.</param>
    public RegisterOperation? FirstImpossible(IReadOnlyDictionary<long, long> seenBy) => _conditional.FirstOrDefault(write =>
        (write.IsDone || (write.Value != RegisterOperation.Absent && seenBy.ContainsKey(write.Value)))
        && write.Expected is { } expected and not RegisterOperation.Absent
        && (!_writes.TryGetValue(expected, out RegisterOperation? replaced) || replaced.Outcome == RegisterOutcome.Failed || replaced.Start > seenBy[expected]));

    public RegisterOperation WriteOf(long value) => _writes[value];

    /// <summary>Why the read cannot have returned its value; null when it can, as far as the value alone tells.</summary>
    public string? FaultOf(RegisterOperation read)
    {
        if (read.Value == RegisterOperation.Absent)
        {
            return null;
        }

        if (!_writes.TryGetValue(read.Value, out RegisterOperation? write))
        {
            return "read a value that nobody wrote to this key";
        }

        if (write.Outcome == RegisterOutcome.Failed)
        {
            return "read the value of a write that was reported as not made";
        }

        return write.Start > read.End ? "read a value before its write began" : null;
    }
}
