namespace CascadeCache.TestKit.Histories;

/// <summary>Which write each value of a history comes from, and the reads that cannot be right in any order.</summary>
internal sealed class WrittenValues
{
    private readonly Dictionary<long, RegisterOperation> _writes = [];

    public WrittenValues(IEnumerable<RegisterOperation> history)
    {
        foreach (RegisterOperation write in history.Where(static o => o.IsWrite && o.Value != RegisterOperation.Absent))
        {
            if (!_writes.TryAdd(write.Value, write))
            {
                throw new ArgumentException($"The value {write.Value} is written twice: nothing can be said of who read which.", nameof(history));
            }
        }
    }

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
