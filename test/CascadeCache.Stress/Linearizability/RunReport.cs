using System.Globalization;
using CascadeCache.TestKit.Histories;

namespace CascadeCache.Stress.Linearizability;

/// <summary>What a run says in the end.</summary>
internal sealed class RunReport(
    RunOptions options, TimeSpan length, CheckedHistory result, IReadOnlyDictionary<FaultKind, int> faults, RunTally tally, IReadOnlyList<string> evictions)
{
    private const int LeastReads = 100;
    private const int LeastWrites = 30;
    private const int MostKeysShown = 5;
    private const int MostOperationsShown = 60;

    // What should be rare, or says whether a fault came through.
    private static readonly string[] ShownCounters =
    [
        "MemcacheHits", "MemcacheAbsentHits", "MemcacheMisses", "MemcacheLocked", "MemcacheUnavailable", "MemcacheFills", "MemcachePublishes", "MemcacheSlides", "MemcacheContendedWrites",
        "MemcacheLostLocks", "MemcacheConnects", "MemcacheDisconnects", "MemcacheViolations", "RejectedPayloads", "DatastoreSharedReads", "DatastoreWritesForSlide", "DatastoreRetries",
        "DatastoreFailures", "DatastoreUnknownOutcomes", "BacklogAdded", "BacklogDrained", "BackgroundFailures",
    ];

    public bool IsGood => result is { Violations.Count: 0, Inconclusive.Count: 0, History.Surprises.Count: 0 } && HasDoneEnough;

    // On a machine that is too busy all calls can end in time-outs: that would prove nothing.
    private bool HasDoneEnough => Done(static o => o.IsRead) >= LeastReads && Done(static o => o.IsWrite) >= LeastWrites;

    public async Task WriteAsync(TextWriter output)
    {
        foreach (string line in Lines())
        {
            await output.WriteLineAsync(line);
        }
    }

    private IEnumerable<string> Lines()
    {
        RecordedHistory history = result.History;
        yield return Text($"linearizability, {options.Consistency}{(options.IsBroken ? ", naive cache" : "")}: {options.Seconds} s of faults, seed {options.Seed}, {options.Workers} workers");
        yield return Text($"operations: {history.Count} on {history.ByKey.Count} keys, {history.Count / length.TotalSeconds:0}/s");
        yield return "  " + Sum(history.Calls.Select(static c => (c.Key, (long)c.Value)));
        yield return "faults: " + Sum(faults.OrderBy(static f => f.Key).Select(static f => (f.Key.ToString(), (long)f.Value)));
        yield return "  in Datastore: " + Sum(tally.Faults.Select(static f => (f.Key, f.Value)));
        yield return "memcached: " + string.Join("; ", evictions);
        yield return "caches of the workers that ended in order: " + Sum(ShownCounters.Select(name => (name, tally.Counters.GetValueOrDefault(name))));
        if (options.Consistency == CascadeConsistency.Available)
        {
            double oldest = result.StaleWithinBound.Select(static read => Milliseconds(read.Age)).DefaultIfEmpty().Max();
            yield return Text($"stale within the bound of {Scale.StalenessBound.TotalMilliseconds:0} ms: {result.StaleWithinBound.Count}, the oldest {oldest:0} ms");
        }

        yield return Text($"unexpected exceptions: {history.Surprises.Count}");
        foreach (string surprise in history.Surprises.Take(MostKeysShown))
        {
            yield return "  " + surprise;
        }

        yield return Text($"inconclusive keys: {result.Inconclusive.Count}");
        yield return Text($"violations: {result.Violations.Count}");
        foreach (Finding finding in result.Violations.Concat(result.Inconclusive).Take(MostKeysShown))
        {
            foreach (string line in LinesOf(finding))
            {
                yield return line;
            }
        }

        if (!HasDoneEnough)
        {
            yield return Text($"too little was done: at least {LeastReads} reads and {LeastWrites} writes have to succeed");
        }

        yield return IsGood ? "RESULT: good" : "RESULT: BAD";
    }

    private IEnumerable<string> LinesOf(Finding finding)
    {
        yield return Text($"key {finding.Key}, process {finding.At.Process}: {finding.Reason}");
        List<RegisterOperation> before = [.. result.History.ByKey[finding.Key].Where(o => o.Start <= finding.At.End && o.Outcome != RegisterOutcome.Failed).OrderBy(static o => o.Start)];

        // The write of what was read may be long ago: it is always shown.
        IEnumerable<RegisterOperation> shown = before.Where(o => o.IsWrite && o.Value == finding.At.Value && o.Value != RegisterOperation.Absent)
            .Concat(before.Skip(before.Count - MostOperationsShown)).Distinct();
        foreach (RegisterOperation operation in shown)
        {
            string mark = operation == finding.At ? ">>" : "  ";
            string end = operation.Outcome == RegisterOutcome.Unknown ? "unknown" : Text($"{Relative(operation.End, finding):0.0}");
            yield return Text($"{mark} {Relative(operation.Start, finding),10:0.0} .. {end,10} ms  process {operation.Process}  {operation.Action} {Name(operation.Value)}{(operation.WasCutOff ? " (cut off)" : "")}");
        }
    }

    private int Done(Func<RegisterOperation, bool> kind) => result.History.ByKey.Values.Sum(operations => operations.Count(o => o.IsDone && kind(o)));

    private static double Relative(long time, Finding finding) => Milliseconds(time - finding.At.Start);

    private static double Milliseconds(long ticks) => ticks * 1000.0 / TimeProvider.System.TimestampFrequency;

    private static string Name(long value) => value switch
    {
        RegisterOperation.Absent => "nothing",
        StressValue.Damaged => "damaged",
        _ => Text($"{value >> 32}.{value & 0xFFFFFFFF:x}"),
    };

    private static string Sum(IEnumerable<(string Name, long Count)> counts) => string.Join(", ", counts.Select(static c => Text($"{c.Name} {c.Count}")));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
