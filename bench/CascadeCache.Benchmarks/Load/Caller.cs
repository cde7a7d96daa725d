using System.Buffers;
using System.Diagnostics;

namespace CascadeCache.Benchmarks.Load;

/// <summary>
/// One closed loop: the next call begins when the last has ended. Keeps the times and checks what came; neither allocates. A loop reads
/// <c>while (caller.Begin()) { … caller.End(value); }</c>.
/// </summary>
internal sealed class Caller
{
    // A prime that no number of keys here is a multiple of: every key comes, and neighbours do not follow each other.
    private const int Stride = 7919;

    private readonly LoadPhase _phase;
    private readonly DataSet _data;
    private readonly bool _keepsKey;
    private readonly List<Caller> _siblings;
    private long _startedAt;

    public Caller(LoadPhase phase, DataSet data, int index, int callers, bool keepsKey)
    {
        (_phase, _data, Index, Callers, _keepsKey) = (phase, data, index, callers, keepsKey);
        Item = (int)((long)index * (keepsKey ? 1 : Stride) % data.Keys.Length);
        Value = keepsKey ? data.KeptValueOf(Item) : [];
        _siblings = [];
    }

    public int Index { get; }

    /// <summary>How many callers there are; one that stands for all of them keeps so many calls in flight.</summary>
    public int Callers { get; }

    public LatencyHistogram Latencies { get; } = new();

    /// <summary>Which of the data's items the call is for.</summary>
    public int Item { get; private set; }

    public string Key => _data.Keys[Item];

    /// <summary>What a writer writes.</summary>
    public byte[] Value { get; }

    /// <summary>What a reader may read into.</summary>
    public ArrayBufferWriter<byte> Buffer { get; } = new();

    /// <summary>All calls that ended, those outside of the measured time too.</summary>
    public long Calls { get; private set; }

    public bool IsOver => _phase.IsOver;

    /// <summary>Calls of callers that only disturb, in the measured time.</summary>
    public long SiblingCalls => _siblings.Sum(static sibling => sibling.Latencies.Count);

    public bool Begin()
    {
        if (_phase.IsOver)
        {
            return false;
        }

        if (!_keepsKey)
        {
            Item = NextItem();
        }

        _startedAt = Stopwatch.GetTimestamp();
        return true;
    }

    public void End() => Record(Stopwatch.GetTimestamp() - _startedAt);

    /// <exception cref="InvalidOperationException">That is not what was stored.</exception>
    public void End(byte[]? value)
    {
        End();
        if (!_data.IsValueOf(Item, value))
        {
            throw new InvalidOperationException(value is null ? "A read found nothing." : "A read returned another value than was stored.");
        }
    }

    /// <summary>Ends a read into <see cref="Buffer"/>.</summary>
    /// <exception cref="InvalidOperationException">That is not what was stored.</exception>
    public void EndBuffered(bool found)
    {
        End();
        if (!found || !_data.IsValueOf(Item, Buffer.WrittenSpan))
        {
            throw new InvalidOperationException(found ? "A read returned another value than was stored." : "A read found nothing.");
        }
    }

    public void Record(long ticks)
    {
        Calls++;
        if (_phase.IsMeasured)
        {
            Latencies.Record(ticks);
        }
    }

    /// <summary>Moves on to another item and returns it.</summary>
    public int NextItem() => Item = (int)(((long)Item + Stride) % _data.Keys.Length);

    /// <summary>A caller of other data, in the same turn, whose times do not count.</summary>
    public Caller Sibling(DataSet data)
    {
        var sibling = new Caller(_phase, data, Index, Callers, keepsKey: false);
        _siblings.Add(sibling);
        return sibling;
    }
}
