namespace CascadeCache.TestKit.Histories;

/// <summary>Conditional writes of one key, without regard to what anybody read: the least that must hold whatever else is allowed.</summary>
public static class Replacements
{
    /// <summary>A write that replaced a value which another one had replaced already; null if there is none. A value is written once, so it can be replaced once.</summary>
    public static RegisterOperation? SecondOfOneValue(IEnumerable<RegisterOperation> history)
    {
        var replaced = new HashSet<long>();
        return history
            .Where(static o => o is { IsWrite: true, IsDone: true, Expected: not (null or RegisterOperation.Absent) })
            .OrderBy(static o => o.End)
            .FirstOrDefault(write => !replaced.Add(write.Expected!.Value));
    }
}
