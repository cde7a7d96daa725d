using System.Globalization;
using System.Text;

namespace CascadeCache.TestKit.Interleavings;

/// <summary>What a search came to.</summary>
/// <param name="Violation">The first rule that was broken; null: none.</param>
/// <param name="Trace">The schedule that broke it.</param>
/// <param name="IsComplete">Whether every schedule was covered.</param>
/// <param name="States">Different states.</param>
/// <param name="Steps">Steps between them.</param>
/// <param name="Executions">How often the scenario was run from its beginning.</param>
/// <param name="Schedules">Interleavings that these states stand for.</param>
internal sealed record SearchResult(string? Violation, string? Trace, bool IsComplete, long States, long Steps, long Executions, double Schedules)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(IsComplete ? "all" : "NOT ALL")} of {Schedules:G4} schedules: {States:N0} states, {Steps:N0} steps, {Executions:N0} executions{(Violation is null ? "" : "; " + Violation)}");
}

/// <summary>
/// Depth first through everything that can happen. A state that was met before is not entered again, whatever way led to it, so that all schedules are covered although only
/// a part of them is run. The code of the flow cannot be put back to an earlier state: to take another way it is run again from the beginning.
/// </summary>
internal sealed class Search(Scenario scenario, CancellationToken cancellationToken)
{
    private readonly Dictionary<UInt128, double> _schedulesFrom = [];
    private readonly List<Frame> _path = [];
    private readonly WorldTemplate _template = new(scenario);
    private readonly WorldKey _key = new();
    private World? _world;
    private long _steps;
    private long _executions;
    private double _total;

    /// <summary>Runs on the calling thread, to the end, to the first violation, or until it is cancelled.</summary>
    public static SearchResult Run(Scenario scenario, CancellationToken cancellationToken)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return new Search(scenario, cancellationToken).Run();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private SearchResult Run()
    {
        Enter(Begin());
        while (_path.Count > 0 && _schedulesFrom.Count <= scenario.MaxStates && !cancellationToken.IsCancellationRequested)
        {
            Frame top = _path[^1];
            if (top.Next == top.Steps.Count)
            {
                Leave(top);
                continue;
            }

            World world = _world ?? Replay();
            world.Take(top.Steps[top.Next++]);
            _steps++;
            if (world.Violation is null)
            {
                Enter(world);
            }

            if (world.Violation is not null)
            {
                return Result(world.Violation, isComplete: false);
            }
        }

        return Result(null, isComplete: _path.Count == 0);
    }

    private void Enter(World world)
    {
        UInt128 key = _key.Of(world);
        if (_schedulesFrom.TryGetValue(key, out double known))
        {
            _path[^1].Schedules += known;
            _world = null;
            return;
        }

        List<Step> steps = world.Enabled();
        if (steps.Count == 0)
        {
            world.CheckEnd();
        }

        _schedulesFrom.Add(key, 0);
        _path.Add(new Frame(key, steps));
        _world = steps.Count == 0 ? null : world;
    }

    private void Leave(Frame frame)
    {
        double schedules = frame.Steps.Count == 0 ? 1 : frame.Schedules;
        _schedulesFrom[frame.Key] = schedules;
        _path.RemoveAt(_path.Count - 1);
        _world = null;
        if (_path.Count > 0)
        {
            _path[^1].Schedules += schedules;
        }
        else
        {
            _total = schedules;
        }
    }

    private World Replay()
    {
        World world = Begin();
        for (int i = 0; i < _path.Count - 1; i++)
        {
            world.Take(_path[i].Steps[_path[i].Next - 1]);
        }

        return _world = world;
    }

    private World Begin()
    {
        _executions++;
        return new World(scenario, _template);
    }

    private SearchResult Result(string? violation, bool isComplete) =>
        new(violation, violation is null ? null : Trace(), isComplete, _schedulesFrom.Count, _steps, _executions, _total);

    private string Trace()
    {
        var text = new StringBuilder();
        World world = new(scenario, _template);
        foreach (Frame frame in _path)
        {
            Step step = frame.Steps.Count == 0 ? default : frame.Steps[frame.Next - 1];
            if (frame.Steps.Count > 0)
            {
                text.Append(world.Describe(step));
                world.Take(step);
                text.Append(" -> ").AppendLine(world.Describe());
            }
        }

        return text.ToString();
    }

    private sealed class Frame(UInt128 key, List<Step> steps)
    {
        public UInt128 Key { get; } = key;

        public List<Step> Steps { get; } = steps;

        public int Next { get; set; }

        public double Schedules { get; set; }
    }
}
