using System.Text;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;

namespace CascadeCache.TestKit.Interleavings;

/// <summary>
/// One execution of a scenario: the flow's own code over a server and a store in memory, in which every command waits until it is chosen. Single-threaded: no
/// step leaves the thread that takes it. <see cref="WorldRules"/> says what must hold, <see cref="WorldKey"/> what tells two states apart.
/// </summary>
#pragma warning disable CA1001 // Its processes are left where they stand, as a crash leaves them: disposing them would take steps.
internal sealed class World
#pragma warning restore CA1001
{
    private readonly Scenario _scenario;
    private readonly SteppedTime _time = new();
    private readonly FlowFixture _fixture;
    private readonly List<FlowProcess> _processes = [];
    private readonly List<Actor> _actors = [];
    private readonly HashSet<int> _crashed = [];
    private readonly List<int> _lateOwners = [];
    private readonly WorldRules _rules;
    private readonly EntryLifetime _lifetime;
    private Actor _current;

    public World(Scenario scenario, WorldTemplate template)
    {
        _scenario = scenario;
        _lifetime = template.Lifetime;
        _fixture = new FlowFixture(_time);
        (FaultsLeft, WaitsLeft) = (scenario.MaxFaults, scenario.MaxWaits);
        _rules = new WorldRules(this);
        _fixture.WriterIds = NewWriterId;
        _fixture.Durable.Committed = OnCommitted;
        for (int i = 0; i < scenario.ProcessCount; i++)
        {
            int index = i;
            var scheduler = new InlineScheduler(start => RunInBackground(index, start));
            FlowProcess process = _fixture.Start(template.Settings, scheduler: scheduler);
            IVolatileServer server = new BrokenTwin(process.Tier, i == 0 ? scenario.Defect : Defect.None);
            var observed = new ObservedServer(server, () => _current!);
            process.Tier.Wrap = _ => observed;
            _processes.Add(process);
        }

        _actors.AddRange(scenario.Actors.Select((plan, i) => new Actor(i, plan.Process, plan)));
        _current = _actors[0];
        template.Plant(_fixture, _time, _scenario.IsCached);
        _rules.Committed(WorldTemplate.FirstValue, template.Version);
        foreach (FlowProcess process in _processes)
        {
            process.Tier.Script.Scheduler = ArriveAsync;
        }

        _fixture.Durable.Script.Scheduler = ArriveAsync;
    }

    /// <summary>The item's name.</summary>
    public string Name { get; } = "session.abc";

    public Scenario Scenario => _scenario;

    public FlowFixture Fixture => _fixture;

    public IReadOnlyList<Actor> Actors => _actors;

    public IReadOnlyList<FlowProcess> Processes => _processes;

    public int FaultsLeft { get; private set; }

    public int WaitsLeft { get; private set; }

    /// <summary>Whether a lock was lost: then a newer commit may be invisible until its writer has checked.</summary>
    public bool HasLostLock { get; private set; }

    /// <summary>Whose commits may still take effect.</summary>
    public IReadOnlyList<int> LateOwners => _lateOwners;

    public string? Violation => _rules.Violation;

    public void CheckEnd() => _rules.CheckEnd();

    /// <summary>All that the rules remember, for the key.</summary>
    public void AddRules(Action<long> add) => _rules.AddTo(add);

    public bool HasCrashed(int process) => _crashed.Contains(process);

    /// <summary>Everything that can happen next; empty at the end of a schedule.</summary>
    public List<Step> Enabled() => new StepChoice(this).All();

    public void Take(Step step)
    {
        FaultsLeft -= step.Cost;
        switch (step.Kind)
        {
            case StepKind.Command:
                ExecuteCommand(_actors[step.Index], step.Fate);
                break;
            case StepKind.Crash:
                Crash(step.Index);
                break;
            case StepKind.Cut:
                _processes[step.Index].Tier.Cut();
                break;
            case StepKind.Heal:
                _processes[step.Index].Tier.Heal();
                break;
            case StepKind.Restart:
                _fixture.Server.Restart();
                break;
            case StepKind.Evict:
                HasLostLock |= _fixture.StoredKind == EntryKind.Lock;
                _fixture.Server.Evict(Name);
                break;
            case StepKind.RunDelayed:
                _processes[step.Index].Tier.RunDelayed(step.Fate);
                break;
            case StepKind.RunLate:
                RunLate(step.Index);
                break;
            case StepKind.Wait:
                Wait();
                break;
        }

        DropWorthlessCommands();
        _rules.CheckState();
    }

    private void ExecuteCommand(Actor actor, int fate)
    {
        _current = actor;
        if (!actor.HasStarted)
        {
            actor.HasStarted = true;
            actor.Floor = _rules.FloorOf(actor.Process);
            LearnSurroundings(actor);
            _ = RunAsync(actor);
        }

        if (actor.Waiting is not { } command)
        {
            return; // it could be answered without any command
        }

        actor.Waiting = null;
        LearnSurroundings(actor);
        if (command.ToStore is not null)
        {
            DurableRead stored = _fixture.Durable.Peek(_fixture.Key);
            actor.Learn(stored.Version);
            actor.Learn(fate);
            actor.Learn(stored.Value is { } value ? value.Payload.Span : default);
            if (fate == (int)DurableFate.UnknownLate)
            {
                _lateOwners.Add(actor.Index);
            }
        }

        command.Meet(fate);
    }

    // What the code looks at between two commands without asking anybody.
    private void LearnSurroundings(Actor actor)
    {
        FlowProcess process = _processes[actor.Process];
        actor.Learn(_fixture.Now);
        actor.Learn(_fixture.Server.MinimumAge!.Value.Ticks);
        actor.Learn(WorldRules.HasBacklog(process) ? 1 : 0);
    }

    private async Task RunAsync(Actor actor)
    {
        try
        {
            await OperateAsync(actor, _processes[actor.Process].Flow).ConfigureAwait(false);
        }
        catch (CascadeCacheException)
        {
            actor.CommittedVersion = 0; // not acknowledged
        }
#pragma warning disable CA1031 // Whatever else comes out is a finding.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _rules.Report($"{actor.Plan} threw {e}");
        }

        actor.HasEnded = true;
    }

    private async Task OperateAsync(Actor actor, ICacheFlow flow)
    {
        CallContext call = CallContext.Sync;
        CacheKey key = _fixture.Key;
        switch (actor.Plan!.Kind)
        {
            case ActorKind.Get:
                using (FoundValue found = await flow.GetAsync(key, call).ConfigureAwait(false))
                {
                    _rules.Read(actor, found.Exists ? Encoding.UTF8.GetString(found.Payload.Span) : null);
                }

                break;
            case ActorKind.Refresh:
                await flow.RefreshAsync(key, call).ConfigureAwait(false);
                break;
            case ActorKind.Remove:
                await flow.RemoveAsync(key, call).ConfigureAwait(false);
                _rules.Acknowledge(actor);
                break;
            case ActorKind.Replace:
                CacheVersion version;
                using (FoundValue found = await flow.GetAsync(key, call).ConfigureAwait(false))
                {
                    _rules.Read(actor, found.Exists ? Encoding.UTF8.GetString(found.Payload.Span) : null);
                    version = found.Version;
                }

                if (await flow.TrySetAsync(key, ValueOf(actor), _lifetime, version, call).ConfigureAwait(false) is not null)
                {
                    _rules.Acknowledge(actor);
                }

                break;
            default:
                await flow.SetAsync(key, ValueOf(actor), _lifetime, call).ConfigureAwait(false);
                _rules.Acknowledge(actor);
                break;
        }
    }

    private static byte[] ValueOf(Actor actor) =>
        Encoding.UTF8.GetBytes((actor.Plan!.Kind == ActorKind.SetLarge ? "a large value " : "v") + (char)('1' + actor.Index));

    private void OnCommitted(DurableValue? value, long version)
    {
        _rules.Committed(value is { } v ? Encoding.UTF8.GetString(v.Payload.Span) : null, version);
        _current.CommittedVersion = version;
    }

    private void RunInBackground(int process, Action start)
    {
        Actor before = _current;
        var actor = new Actor(_actors.Count, process, plan: null);
        _actors.Add(actor);
        LearnSurroundings(actor);
        _current = actor;
        start();
        _current = before;
    }

    private void RunLate(int index)
    {
        _current = _actors[_lateOwners[index]];
        _lateOwners.RemoveAt(index);
        _fixture.Durable.RunLate(index);
    }

    private Guid NewWriterId() => new(_current.Index + 1, (short)++_current.WriterIds, 0, new byte[8]);

    private void Crash(int process)
    {
        _crashed.Add(process);
        foreach (Actor actor in _actors.Where(a => a.Process == process))
        {
            (actor.Waiting, actor.HasEnded, actor.HasStarted) = (null, true, true);
        }

        _rules.Forget(_processes[process]);
    }

    private void Wait()
    {
        WaitsLeft--;
        _fixture.Durable.DropLate();
        _lateOwners.Clear();
        _time.Advance(_processes[0].Settings.LockTime + TimeSpan.FromSeconds(3));
    }

    // A compare-and-set whose number is not the item's will never change anything.
    private void DropWorthlessCommands()
    {
        ulong? cas = _fixture.Server.CasOf(Name);
        foreach (FlowProcess process in _processes)
        {
            process.Tier.DropDelayed(d => d.Life != _fixture.Server.Life || (d.Token is { } token && token.Cas != cas));
        }
    }

    private async ValueTask<VolatileFate> ArriveAsync(VolatileCommand command) => (VolatileFate)await Add(new WaitingCommand(command, null)).ConfigureAwait(false);

    private async ValueTask<DurableFate> ArriveAsync(DurableCommand command) => (DurableFate)await Add(new WaitingCommand(null, command)).ConfigureAwait(false);

    private Task<int> Add(WaitingCommand command)
    {
        command.Epoch = _processes[_current.Process].Tier.Epoch;
        _current.Waiting = command;
        return command.Fate;
    }
}
