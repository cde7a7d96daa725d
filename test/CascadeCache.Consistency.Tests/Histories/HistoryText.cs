using System.Globalization;
using CascadeCache.TestKit.Histories;

namespace CascadeCache.Consistency.Tests.Histories;

/// <summary>Histories that can be read: one operation per word, "w1:0-5" for a write of 1 from 0 to 5, "r1:6-7" for a read; "x" after the value: cut off.</summary>
internal static class HistoryText
{
    /// <summary>w, r: done; u: a write of unknown outcome; f: a failed one; "@2" at the end: by process 2 (otherwise 1); "w2/1": a write of 2 over 1.</summary>
    public static RegisterOperation[] Parse(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(ParseOperation)];

    private static RegisterOperation ParseOperation(string word)
    {
        string[] process = word.Split('@');
        string[] parts = process[0].Split(':');
        bool cutOff = parts[0].EndsWith('x');
        string[] values = parts[0][1..].TrimEnd('x').Split('/');
        long value = Number(values[0]);
        string[] times = parts[1].Split('-');
        (RegisterAction action, RegisterOutcome outcome) = word[0] switch
        {
            'r' => (RegisterAction.Read, RegisterOutcome.Done),
            'w' => (RegisterAction.Write, RegisterOutcome.Done),
            'u' => (RegisterAction.Write, RegisterOutcome.Unknown),
            'f' => (RegisterAction.Write, RegisterOutcome.Failed),
            _ => throw new FormatException(word),
        };
        int by = process.Length > 1 ? (int)Number(process[1]) : 1;
        return new RegisterOperation(action, value, Number(times[0]), Number(times[1]), outcome, by) { WasCutOff = cutOff, Expected = values.Length > 1 ? Number(values[1]) : null };
    }

    private static long Number(string digits) => long.Parse(digits, CultureInfo.InvariantCulture);
}
