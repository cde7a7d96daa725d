using System.Globalization;
using System.Text;
using CascadeCache.TestKit.Histories;

namespace CascadeCache.Stress.Linearizability;

/// <summary>
/// Records what a worker does in a file, line by line. A write's beginning is in the file before the call is made, and what is in the file outlives the
/// process: a killed worker's open writes are known. Thread-safe.
/// </summary>
/// <remarks>
/// Times are those of <see cref="TimeProvider.GetTimestamp"/> of the system's provider, which on Linux reads CLOCK_MONOTONIC: one clock for all processes of the
/// machine, so that they can be compared.
/// </remarks>
/// <param name="path">The file; null: nothing is kept.</param>
internal sealed class RecordWriter(string? path) : IDisposable
{
    public const char Begin = 'b';
    public const char End = 'e';
    public const char Call = 'c';
    public const char Surprise = 'x';
    public const string NoCondition = "-";

    private readonly FileStream? _file = path is null ? null : new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
    private readonly Lock _gate = new();
    private int _lastId;

    public static long Now => TimeProvider.System.GetTimestamp();

    /// <summary>The beginning of a write, and the value that it is to replace if it has a condition.</summary>
    public int BeginWrite(string call, string key, long value, long? expected = null)
    {
        int id = Interlocked.Increment(ref _lastId);
        Write($"{Begin} {id} {call} {key} {value} {Now} {expected?.ToString(CultureInfo.InvariantCulture) ?? NoCondition}");
        return id;
    }

    public void EndWrite(int id, RegisterOutcome outcome, bool wasCutOff) => Write($"{End} {id} {outcome} {(wasCutOff ? 1 : 0)} {Now}");

    /// <summary>A call that changes nothing: a read, or a refresh, which has no value.</summary>
    public void Record(string call, string key, long value, long start, RegisterOutcome outcome) => Write($"{Call} {call} {key} {value} {start} {Now} {outcome}");

    /// <summary>What must not happen at all.</summary>
    public void Surprised(string what) => Write($"{Surprise} {what.ReplaceLineEndings(" ")}");

    public void Dispose() => _file?.Dispose();

    private void Write(FormattableString line)
    {
        if (_file is null)
        {
            return;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(line.ToString(CultureInfo.InvariantCulture) + "\n");
        lock (_gate)
        {
            _file.Write(bytes);
        }
    }
}
