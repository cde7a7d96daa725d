using System.Text;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.TestKit.Interleavings;

/// <summary>
/// What must hold in every state of a world. Each of these looks at memcached's item as any reader could find it, so that two readers stand for any number:
/// <list type="bullet">
/// <item>I1: it is not older than an acknowledged write.</item>
/// <item>I2: it is not older than the newest commit, so that nobody reads the older after somebody read the newer (not while a lock was lost).</item>
/// <item>I3: when all is over nothing stale is left.</item>
/// </list>
/// And of the operations: a read returns nothing older than what was acknowledged, or returned by a read, before it began.
/// </summary>
/// <remarks>
/// A write of <see cref="CascadeConsistency.Available"/> whose key is on the backlog binds its own process only, until the backlog is drained.
/// </remarks>
internal sealed class WorldRules(World world)
{
    private readonly List<(long Version, string? Value)> _contents = [];
    private readonly Dictionary<FlowProcess, long> _ownAcknowledged = [];
    private long _acknowledged;
    private long _seen;
    private bool _hasForgottenBacklog;

    public string? Violation { get; private set; }

    private bool IsStrict => world.Scenario.Consistency == CascadeConsistency.Strict;

    private long Newest => _contents[^1].Version;

    public static bool HasBacklog(FlowProcess process) => !((CascadeFlow)process.Flow).Backlog.IsEmpty;

    public void Report(string violation) => Violation ??= violation;

    /// <summary>What a read that begins now must not fall short of.</summary>
    public long FloorOf(int process) =>
        Math.Max(Math.Max(_acknowledged, _seen), _ownAcknowledged.GetValueOrDefault(world.Processes[process]));

    public void AddTo(Action<long> add)
    {
        add(_acknowledged);
        add(_seen);
        add(_hasForgottenBacklog ? 1 : 0);
        foreach (FlowProcess process in world.Processes)
        {
            add(_ownAcknowledged.GetValueOrDefault(process));
        }
    }

    public void Committed(string? value, long version)
    {
        // Moving an expiry gives a new version to the same content.
        if (_contents.Count == 0 || _contents[^1].Value != value)
        {
            _contents.Add((version, value));
        }
    }

    public void Acknowledge(Actor actor)
    {
        FlowProcess process = world.Processes[actor.Process];
        if (IsStrict || !HasBacklog(process))
        {
            _acknowledged = Math.Max(_acknowledged, actor.CommittedVersion);
        }
        else
        {
            _ownAcknowledged[process] = Math.Max(_ownAcknowledged.GetValueOrDefault(process), actor.CommittedVersion);
        }
    }

    public void Read(Actor actor, string? value)
    {
        // Of absences only the newest is known: a missing value is taken for it.
        (long version, string? known) = _contents.LastOrDefault(c => c.Value == value, (0, "\0"));
        if (version < actor.Floor || known != value)
        {
            Report($"A read that began when {actor.Floor} was acknowledged or seen returned {value ?? "nothing"}, version {version}.");
        }

        if (IsStrict && !world.HasLostLock)
        {
            _seen = Math.Max(_seen, version);
        }
    }

    public void Forget(FlowProcess process)
    {
        _hasForgottenBacklog |= HasBacklog(process);
        _ownAcknowledged.Remove(process);
    }

    public void CheckState()
    {
        foreach ((FlowProcess process, long version) in _ownAcknowledged.ToArray())
        {
            if (!HasBacklog(process))
            {
                _ownAcknowledged.Remove(process);
                _acknowledged = Math.Max(_acknowledged, version);
            }
        }

        if (ServedVersion() is not { } served)
        {
            return;
        }

        if (served < _acknowledged)
        {
            Report($"I1: memcached serves version {served}, and {_acknowledged} is acknowledged.");
        }
        else if (served < Newest && IsStrict && !world.HasLostLock)
        {
            Report($"I2: memcached serves version {served}, and {Newest} is committed.");
        }
    }

    /// <summary>At the end of a schedule.</summary>
    public void CheckEnd()
    {
        if (world.Actors.Any(static a => a.Plan is not null && !a.HasEnded))
        {
            Report("An operation never ends.");
        }

        bool isExcused = !IsStrict && (_hasForgottenBacklog || world.Processes.Any(HasBacklog));
        if (ServedVersion() is { } served && served < Newest && !isExcused)
        {
            Report($"I3: all is over, memcached serves version {served}, and {Newest} is committed.");
        }

        for (int i = 0; i < world.Processes.Count; i++)
        {
            if (!world.HasCrashed(i) && world.Processes[i].Tier.OpenReads != 0)
            {
                Report("Memory of a read was not given back.");
            }
        }
    }

    /// <summary>The content's version that a reader would be served from memcached; null: none.</summary>
    private long? ServedVersion()
    {
        if (world.Fixture.Stored is not { Bytes.Length: > 0 } item || !EntryFormat.TryRead(item.Bytes, world.Fixture.Key.Fingerprint, out Entry entry) || entry.IsExpired(world.Fixture.Now))
        {
            return null;
        }

        (long version, string? value) = _contents.LastOrDefault(c => c.Version <= entry.Version);
        string? stored = entry.Kind switch
        {
            EntryKind.Absent => null,
            EntryKind.Bypass => value,
            _ => Encoding.UTF8.GetString(entry.Payload.Span),
        };
        if (stored != value)
        {
            Report($"memcached serves {stored ?? "nothing"} as version {entry.Version}, which is {value ?? "nothing"}.");
        }

        // Only Datastore has it, and is asked: as good as the newest.
        return entry.Kind == EntryKind.Bypass ? null : version;
    }
}
