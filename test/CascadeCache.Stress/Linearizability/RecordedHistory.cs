using System.Globalization;
using CascadeCache.TestKit.Histories;

namespace CascadeCache.Stress.Linearizability;

/// <summary>What all workers have recorded, by key.</summary>
internal sealed class RecordedHistory
{
    private readonly Dictionary<string, List<RegisterOperation>> _byKey = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _calls = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, List<RegisterOperation>> ByKey => _byKey;

    /// <summary>How often each call ended how.</summary>
    public IReadOnlyDictionary<string, int> Calls => _calls;

    public List<string> Surprises { get; } = [];

    public int Count => _calls.Values.Sum();

    /// <summary>Adds the file of one process.</summary>
    public void Add(string path, int process)
    {
        string text = File.ReadAllText(path);
        var open = new Dictionary<string, (string Call, string Key, RegisterOperation Operation)>(StringComparer.Ordinal);

        // A killed process may have left half a line.
        foreach (string line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split(' ');
            switch (line[0])
            {
                case RecordWriter.Begin:
                    open.Add(words[1], (words[2], words[3], new RegisterOperation(RegisterAction.Write, Number(words[4]), Number(words[5]), long.MaxValue, RegisterOutcome.Unknown, process)
                    {
                        Expected = words[6] == RecordWriter.NoCondition ? null : Number(words[6]),
                    }));
                    break;
                case RecordWriter.End:
                    open.Remove(words[1], out (string Call, string Key, RegisterOperation Operation) begun);
                    Add(begun.Call, begun.Key, begun.Operation with { Outcome = Enum.Parse<RegisterOutcome>(words[2]), WasCutOff = words[3] == "1", End = Number(words[4]) });
                    break;
                case RecordWriter.Call:
                    Add(words[1], words[2], new RegisterOperation(RegisterAction.Read, Number(words[3]), Number(words[4]), Number(words[5]), Enum.Parse<RegisterOutcome>(words[6]), process));
                    break;
                default:
                    Surprises.Add(string.Create(CultureInfo.InvariantCulture, $"process {process}: {line[2..]}"));
                    break;
            }
        }

        foreach ((string call, string key, RegisterOperation operation) in open.Values)
        {
            Add(call, key, operation);
        }
    }

    private void Add(string call, string key, RegisterOperation operation)
    {
        string counted = $"{call} {operation.Outcome.ToString().ToLowerInvariant()}";
        _calls[counted] = _calls.GetValueOrDefault(counted) + 1;
        if (call.StartsWith(StressCaller.Refresh, StringComparison.Ordinal))
        {
            return; // it has no value, and must not have any effect on one
        }

        if (!_byKey.TryGetValue(key, out List<RegisterOperation>? operations))
        {
            _byKey.Add(key, operations = []);
        }

        operations.Add(operation);
    }

    private static long Number(string digits) => long.Parse(digits, CultureInfo.InvariantCulture);
}
