using CascadeCache.Entries;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.TestKit.Interleavings;

/// <summary>What can happen next in a world. Leaves out only what cannot matter: see the reasons beside each rule.</summary>
internal sealed class StepChoice(World world)
{
    private readonly List<Step> _steps = [];

    public List<Step> All()
    {
        AddCommands();
        AddLeftovers();
        if (world.Actors.Any(static a => a.Plan is not null && !a.HasEnded))
        {
            AddDisturbances();
        }

        // As long as a writer is on its way no lock runs out: one that stalls for so long has lost its lock, which is a fault of its own.
        if (world.WaitsLeft > 0 && world.FaultsLeft < world.Scenario.MaxFaults && !world.Actors.Any(static a => a is { HasStarted: true, HasEnded: false, IsWriter: true } or { Plan: null, Waiting: not null }) && IsTimeOfUse())
        {
            _steps.Add(new Step(StepKind.Wait));
        }

        return _steps;
    }

    private void AddCommands()
    {
        foreach (Actor actor in world.Actors)
        {
            if (actor.Waiting is { } command)
            {
                AddFates(actor, command.ToServer is not null, command.IsCommit);
            }
            else if (!actor.HasStarted && !HasEqualBefore(actor))
            {
                // The first command of an operation is a look at memcached, unless the backlog forbids it.
                AddFates(actor, isToServer: !WorldRules.HasBacklog(world.Processes[actor.Process]), isCommit: false);
            }
        }
    }

    private void AddFates(Actor actor, bool isToServer, bool isCommit)
    {
        _steps.Add(new Step(StepKind.Command, actor.Index));
        if (isToServer && !world.Processes[actor.Process].Tier.IsCut)
        {
            AddFate(actor, FaultKinds.ReplyLost, (int)VolatileFate.ReplyLost);
            AddFate(actor, FaultKinds.ReplyLost, (int)VolatileFate.ReplyLate);

            // A command that is lost is one that was delayed for ever.
            bool canBeDelayed = world.Scenario.Faults.HasFlag(FaultKinds.Delayed);
            AddFate(actor, canBeDelayed ? FaultKinds.Delayed : FaultKinds.ReplyLost, (int)(canBeDelayed ? VolatileFate.Delayed : VolatileFate.Lost));
        }
        else if (isCommit)
        {
            AddFate(actor, FaultKinds.UnknownCommit, (int)DurableFate.UnknownLate);
            AddFate(actor, FaultKinds.FailedCommit, (int)DurableFate.Unavailable);
        }
    }

    private void AddFate(Actor actor, FaultKinds kind, int fate) => AddFault(kind, StepKind.Command, actor.Index, fate);

    private void AddFault(FaultKinds kind, StepKind step, int index, int fate = 0)
    {
        if (world.FaultsLeft > 0 && world.Scenario.Faults.HasFlag(kind))
        {
            _steps.Add(new Step(step, index, fate, Cost: 1));
        }
    }

    private void AddLeftovers()
    {
        for (int i = 0; i < world.Processes.Count; i++)
        {
            FlowProcess process = world.Processes[i];
            for (int j = 0; j < process.Tier.Delayed.Count; j++)
            {
                _steps.Add(new Step(StepKind.RunDelayed, i, j));
            }

            if (process.Tier.IsCut && !world.HasCrashed(i))
            {
                _steps.Add(new Step(StepKind.Heal, i));
            }
        }

        for (int i = 0; i < world.Fixture.Durable.LateCount; i++)
        {
            _steps.Add(new Step(StepKind.RunLate, i));
        }
    }

    private void AddDisturbances()
    {
        if (world.Fixture.StoredKind is { } kind)
        {
            AddFault(kind == EntryKind.Lock ? FaultKinds.LostLock : FaultKinds.LostItem, StepKind.Evict, 0);
        }

        AddFault(FaultKinds.Restart, StepKind.Restart, 0);
        for (int i = 0; i < world.Processes.Count; i++)
        {
            if (world.Actors.Any(a => a.Process == i && a.Waiting is not null))
            {
                AddFault(FaultKinds.Crash, StepKind.Crash, i);
            }

            if (!world.Processes[i].Tier.IsCut && world.Actors.Any(a => a.Process == i && !a.HasEnded))
            {
                AddFault(FaultKinds.Cut, StepKind.Cut, i);
            }
        }
    }

    // What time changes: a lock runs out, a restarted server is trusted again, a backlog is tried again. (A lease that runs out is one that is evicted.)
    private bool IsTimeOfUse()
    {
        bool isSomebodyLeft = world.Actors.Any(static a => a.Plan is not null && !a.HasEnded);
        bool isGracePeriod = world.Fixture.Server.MinimumAge < world.Processes[0].Settings.LockTime;
        return (isSomebodyLeft && (world.Fixture.StoredKind == EntryKind.Lock || isGracePeriod))
            || world.Processes.Where((p, i) => !world.HasCrashed(i) && WorldRules.HasBacklog(p)).Any();
    }

    // Of actors that do the same in processes of their own, any one may be called the first to start.
    private bool HasEqualBefore(Actor actor) =>
        world.Actors.Take(actor.Index).Any(other => !other.HasStarted && other.Plan!.Kind == actor.Plan!.Kind && IsAlone(other) && IsAlone(actor));

    private bool IsAlone(Actor actor) =>
        (world.Scenario.Defect == Defect.None || actor.Process != 0)
        && !world.Processes[actor.Process].Tier.IsCut
        && world.Scenario.Actors.Count(a => a.Process == actor.Process) == 1;
}
