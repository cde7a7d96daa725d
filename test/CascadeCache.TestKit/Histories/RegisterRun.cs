namespace CascadeCache.TestKit.Histories;

/// <summary>An operation on its way through a <see cref="RegisterRun"/>.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="MustHappen">Whether it has to take effect before it ends.</param>
internal sealed record RunningOperation(RegisterOperation Operation, bool MustHappen);

/// <summary>One way in which everything so far may have happened.</summary>
/// <param name="Value">The register's value.</param>
/// <param name="Made">Of the running operations, those that have taken effect.</param>
internal readonly record struct Configuration(long Value, UInt128 Made);

/// <summary>The operations that are running at one moment of a history, and what they can do to a configuration.</summary>
/// <remarks>
/// Three moves are made at once, because no explanation is lost by it: a read of the current value; a write that nobody reads, whenever a value is left; and
/// forgetting which value stands when all its reads are done, because then only the next write matters.
/// </remarks>
internal sealed class RegisterRun
{
    public const int MaxRunning = 128;

    /// <summary>Stands for any value that nobody will read any more.</summary>
    private const long Spent = -1;

    private readonly RunningOperation?[] _slots = new RunningOperation?[MaxRunning];
    private readonly Dictionary<RunningOperation, int> _slotOf = new(ReferenceEqualityComparer.Instance);

    /// <summary>Of each value: the reads that have not ended, those that have not begun included.</summary>
    private readonly Dictionary<long, int> _readsLeft = [];
    private readonly Dictionary<long, UInt128> _runningReads = [];
    private UInt128 _unreadWrites;
    private UInt128 _otherWrites;

    /// <summary>Of each value: the running writes whose condition it is. Each counts as a read that has not ended.</summary>
    private readonly Dictionary<long, UInt128> _replacements = [];

    public void ExpectRead(long value) => _readsLeft[value] = _readsLeft.GetValueOrDefault(value) + 1;

    public UInt128 BitOf(RunningOperation operation) => UInt128.One << _slotOf[operation];

    public bool TryBegin(RunningOperation operation)
    {
        int slot = Array.IndexOf(_slots, null);
        if (slot < 0)
        {
            return false;
        }

        _slots[slot] = operation;
        _slotOf.Add(operation, slot);
        UInt128 bit = UInt128.One << slot;
        long value = operation.Operation.Value;
        if (operation.Operation.IsRead)
        {
            _runningReads[value] = _runningReads.GetValueOrDefault(value) | bit;
        }
        else if (operation.Operation.Expected is { } expected)
        {
            _replacements[expected] = _replacements.GetValueOrDefault(expected) | bit;
        }
        else if (value != RegisterOperation.Absent && !_readsLeft.ContainsKey(value))
        {
            _unreadWrites |= bit;
        }
        else
        {
            _otherWrites |= bit;
        }

        return true;
    }

    public void End(RunningOperation operation)
    {
        _slotOf.Remove(operation, out int slot);
        _slots[slot] = null;
        UInt128 others = ~(UInt128.One << slot);
        _unreadWrites &= others;
        _otherWrites &= others;
        long value = operation.Operation.Value;
        if (operation.Operation.IsRead)
        {
            _runningReads[value] &= others;
            _readsLeft[value]--;
        }
        else if (operation.Operation.Expected is { } expected)
        {
            _replacements[expected] &= others;
            _readsLeft[expected]--;
        }
    }

    /// <summary>The configuration after all moves that can be made at once.</summary>
    public Configuration Normalized(Configuration configuration)
    {
        if (configuration.Value == Spent)
        {
            return configuration with { Made = configuration.Made | _unreadWrites };
        }

        UInt128 reads = _runningReads.GetValueOrDefault(configuration.Value);
        UInt128 made = configuration.Made | reads;
        bool allRead = configuration.Value != RegisterOperation.Absent
            && _readsLeft.GetValueOrDefault(configuration.Value) == (int)UInt128.PopCount(reads);
        return allRead ? new Configuration(Spent, made | _unreadWrites) : configuration with { Made = made };
    }

    /// <summary>What one more write makes of a configuration.</summary>
    public IEnumerable<Configuration> Successors(Configuration configuration)
    {
        foreach (Configuration replaced in Replaced(configuration))
        {
            yield return replaced;
        }

        // A value with reads to come cannot be left: nobody writes it a second time.
        if (configuration.Value is not (Spent or RegisterOperation.Absent))
        {
            yield break;
        }

        if (configuration.Value == RegisterOperation.Absent && (_unreadWrites & ~configuration.Made) != 0)
        {
            yield return new Configuration(Spent, configuration.Made | _unreadWrites);
        }

        UInt128 writes = _otherWrites & ~configuration.Made;
        while (writes != 0)
        {
            int slot = (int)UInt128.TrailingZeroCount(writes);
            UInt128 bit = UInt128.One << slot;
            writes &= ~bit;
            yield return Normalized(new Configuration(_slots[slot]!.Operation.Value, configuration.Made | bit | _unreadWrites));
        }
    }

    /// <summary>What a conditional write makes of it. No write that nobody reads has room between the value and its replacement.</summary>
    private IEnumerable<Configuration> Replaced(Configuration configuration)
    {
        long value = configuration.Value;
        UInt128 writes = _replacements.GetValueOrDefault(value) & ~configuration.Made;
        bool isLastReader = value == RegisterOperation.Absent
            || _readsLeft.GetValueOrDefault(value) == (int)UInt128.PopCount(_runningReads.GetValueOrDefault(value)) + 1;
        while (writes != 0 && isLastReader)
        {
            int slot = (int)UInt128.TrailingZeroCount(writes);
            UInt128 bit = UInt128.One << slot;
            writes &= ~bit;
            yield return Normalized(new Configuration(_slots[slot]!.Operation.Value, configuration.Made | bit));
        }
    }
}
