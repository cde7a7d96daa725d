namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary>A subject whose callers are measured while others, which are not, read large values from the same cache.</summary>
internal sealed class BehindLargeValues(LoadSubject small, LoadSubject large, DataSet largeData, int largeCallers) : LoadSubject(small.Name, small.Family)
{
    private int _smallCallers;

    public override int LoopsFor(int callers)
    {
        _smallCallers = callers;
        return callers + largeCallers;
    }

    public override Task RunAsync(Caller caller) =>
        caller.Index < _smallCallers ? small.RunAsync(caller) : large.RunAsync(caller.Sibling(largeData));
}
