using System.Globalization;

namespace CascadeCache.Stress.Linearizability;

/// <summary>Sums up what the children tell of themselves. Thread-safe.</summary>
internal sealed class RunTally
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, long> _faults = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _counters = new(StringComparer.Ordinal);

    /// <summary>The faults of the Datastore emulator; those since its last word are missing when it was killed.</summary>
    public IReadOnlyDictionary<string, long> Faults => _faults;

    /// <summary>The counters of the caches whose processes ended in order.</summary>
    public IReadOnlyDictionary<string, long> Counters => _counters;

    public void Take(string line)
    {
        if (line.StartsWith(EmulatorCommand.FaultLine, StringComparison.Ordinal))
        {
            string[] words = line.Split(' ', 3);
            Add(_faults, words[2], words[1]);
        }
        else if (line.StartsWith(WorkerCommand.CounterLine, StringComparison.Ordinal))
        {
            string[] words = line.Split(' ');
            Add(_counters, words[1], words[2]);
        }
    }

    private void Add(SortedDictionary<string, long> to, string name, string number)
    {
        lock (_gate)
        {
            to[name] = to.GetValueOrDefault(name) + long.Parse(number, CultureInfo.InvariantCulture);
        }
    }
}
