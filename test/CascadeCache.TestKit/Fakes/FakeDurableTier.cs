using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.TestKit.Fakes;

internal enum DurableCommandKind
{
    Read,
    Write,
    Extend,
    Delete,
}

/// <summary>A command on its way to the store.</summary>
internal sealed record DurableCommand(DurableCommandKind Kind, DurableCause Cause, bool IsBackground);

internal enum DurableFate
{
    /// <summary>Executed and answered.</summary>
    Run,

    /// <summary>Not executed: <see cref="CascadeUnavailableException"/>.</summary>
    Unavailable,

    /// <summary>Not executed: <see cref="CascadeRejectedException"/>.</summary>
    Rejected,

    /// <summary>Executed, but the caller does not learn it: <see cref="CascadeOutcomeUnknownException"/>.</summary>
    UnknownApplied,

    /// <summary>Never executed, but the caller does not learn it.</summary>
    UnknownNotApplied,

    /// <summary>Executed when the test says so; the caller does not learn it.</summary>
    UnknownLate,
}

/// <summary>A versioned, strongly consistent store in memory, shared by the processes of a test. Thread-safe.</summary>
internal sealed class FakeDurableTier : IDurableTier
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (DurableValue? Value, long Version)> _entities = new(StringComparer.Ordinal);
    private readonly List<Action> _late = [];
    private long _version = 1000;

    public FakeScript<DurableCommand, DurableFate> Script { get; } = new(DurableFate.Run);

    public TimeSpan WriteDeadline { get; set; } = TimeSpan.FromSeconds(10);

    public long ValueLimit { get; set; } = 10_000_000;

    /// <summary>Called within the commit with the value, null for a deletion, and its version.</summary>
    public Action<DurableValue?, long>? Committed { get; set; }

    /// <summary>How large the last write or deletion was told that what it replaces is.</summary>
    public long ReplacedBytes { get; private set; }

    public int LateCount => _late.Count;

    public long MaxValueBytes(CacheKey key) => ValueLimit;

    /// <summary>What is stored, past every rule of the script.</summary>
    public DurableRead Peek(CacheKey key)
    {
        lock (_gate)
        {
            return Find(key);
        }
    }

    /// <summary>Puts a value there, past every rule of the script.</summary>
    public void Plant(CacheKey key, DurableValue value, long version)
    {
        lock (_gate)
        {
            _entities[key.DurableName] = (value, version);
            _version = Math.Max(_version, version);
        }
    }

    /// <summary>Executes the commits that were late.</summary>
    public void RunLate()
    {
        while (_late.Count > 0)
        {
            RunLate(0);
        }
    }

    /// <summary>Executes one late commit.</summary>
    public void RunLate(int index)
    {
        Action commit = _late[index];
        _late.RemoveAt(index);
        commit();
    }

    /// <summary>From now on the late commits can no longer take effect.</summary>
    public void DropLate() => _late.Clear();

    public async ValueTask<DurableRead> ReadAsync(CacheKey key, DurableCause cause, CallContext call)
    {
        DurableRead read = default;
        await ExecuteAsync(new DurableCommand(DurableCommandKind.Read, cause, !call.Blocking), () => read = Peek(key), call).ConfigureAwait(false);
        return read;
    }

    public ValueTask<DurableWrite> WriteAsync(CacheKey key, DurableValue value, WriteCondition condition, DurableCause cause, CallContext call, long replacedBytes = 0)
    {
        ReplacedBytes = replacedBytes;
        DurableValue kept = value with { Payload = value.Payload.ToArray().ToSequence() };
        return ChangeAsync(new DurableCommand(DurableCommandKind.Write, cause, !call.Blocking), key, condition, _ => kept, call);
    }

    public ValueTask<DurableWrite> ExtendAsync(CacheKey key, long expiresAt, long baseVersion, long valueBytes, DurableCause cause, CallContext call) =>
        ChangeAsync(
            new DurableCommand(DurableCommandKind.Extend, cause, !call.Blocking),
            key,
            WriteCondition.IfVersion(baseVersion),
            found => found is { } value ? value with { ExpiresAt = expiresAt } : null,
            call);

    public ValueTask<DurableWrite> DeleteAsync(CacheKey key, long? baseVersion, DurableCause cause, CallContext call, long replacedBytes = 0)
    {
        ReplacedBytes = replacedBytes;
        WriteCondition condition = baseVersion is { } version ? WriteCondition.IfVersion(version) : WriteCondition.Always;
        return ChangeAsync(new DurableCommand(DurableCommandKind.Delete, cause, !call.Blocking), key, condition, _ => null, call);
    }

    public void Dispose()
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private DurableRead Find(CacheKey key) =>
        _entities.TryGetValue(key.DurableName, out (DurableValue? Value, long Version) found)
            ? new DurableRead(found.Value, found.Value is null ? _version : found.Version, found.Value is not null)
            : new DurableRead(null, _version, IsStored: false);

    private async ValueTask<DurableWrite> ChangeAsync(DurableCommand command, CacheKey key, WriteCondition condition, Func<DurableValue?, DurableValue?> change, CallContext call)
    {
        DurableWrite write = default;
        await ExecuteAsync(command, () => write = Change(command.Kind, key, condition, change), call).ConfigureAwait(false);
        return write;
    }

    private DurableWrite Change(DurableCommandKind kind, CacheKey key, WriteCondition condition, Func<DurableValue?, DurableValue?> change)
    {
        lock (_gate)
        {
            DurableRead found = Find(key);
            if (kind != DurableCommandKind.Delete && condition.Version is not null && !found.IsStored)
            {
                return new DurableWrite(DurableWriteStatus.NotFound, DurableWrite.Gone);
            }

            if (condition.MustBeMissing && found.IsStored)
            {
                return new DurableWrite(DurableWriteStatus.Conflict, DurableWrite.Untold);
            }

            if (condition.Version is { } expected && expected != found.Version)
            {
                return new DurableWrite(DurableWriteStatus.Conflict, found.Version);
            }

            DurableValue? value = change(found.Value);
            _entities[key.DurableName] = (value, ++_version);
            Committed?.Invoke(value, _version);
            return new DurableWrite(DurableWriteStatus.Applied, _version);
        }
    }

    private async ValueTask ExecuteAsync(DurableCommand command, Action execute, CallContext call)
    {
        call.CancellationToken.ThrowIfCancellationRequested();
        (DurableFate fate, FakeStop? after) = await Script.ArriveAsync(command).ConfigureAwait(false);
        switch (fate)
        {
            case DurableFate.Unavailable:
                throw new CascadeUnavailableException("The store does not answer.");
            case DurableFate.Rejected:
                throw new CascadeRejectedException("The store refuses.");
            case DurableFate.UnknownNotApplied:
                throw new CascadeOutcomeUnknownException("The store did not answer.");
            case DurableFate.UnknownLate:
                _late.Add(execute);
                throw new CascadeOutcomeUnknownException("The store did not answer.");
        }

        execute();
        if (after is not null)
        {
            await after.PassAsync().ConfigureAwait(false);
        }

        if (fate == DurableFate.UnknownApplied)
        {
            throw new CascadeOutcomeUnknownException("The store did not answer.");
        }
    }
}
