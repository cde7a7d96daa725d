namespace CascadeCache.TestKit.Fakes;

/// <summary>
/// What happens to the commands that reach a fake: rules that a test sets beforehand, each for a number of commands. A command can be given a
/// fate, be stopped before or after its execution until the test lets it go, or be handed to a scheduler. Thread-safe.
/// </summary>
internal sealed class FakeScript<TCommand, TFate>(TFate ordinary)
    where TFate : struct
{
    private readonly Lock _gate = new();
    private readonly List<Rule> _rules = [];
    private readonly List<TCommand> _log = [];

    /// <summary>When set, decides the fate of every command for which no rule is left; may wait as long as it likes.</summary>
    public Func<TCommand, ValueTask<TFate>>? Scheduler { get; set; }

    /// <summary>Every command so far, in order of arrival.</summary>
    public IReadOnlyList<TCommand> Log
    {
        get
        {
            lock (_gate)
            {
                return [.. _log];
            }
        }
    }

    public void ClearLog()
    {
        lock (_gate)
        {
            _log.Clear();
        }
    }

    /// <summary>Gives the next <paramref name="times"/> matching commands a fate.</summary>
    public void Next(Func<TCommand, bool> match, TFate fate, int times = 1) => Add(new Rule(match, fate, times, null, null));

    /// <summary>Stops the next matching command before it is executed.</summary>
    public FakeStop StopBefore(Func<TCommand, bool> match, TFate? fate = null) => Stop(match, fate ?? ordinary, before: true);

    /// <summary>Stops the next matching command after it was executed and before its caller knows.</summary>
    public FakeStop StopAfter(Func<TCommand, bool> match, TFate? fate = null) => Stop(match, fate ?? ordinary, before: false);

    public async ValueTask<(TFate Fate, FakeStop? After)> ArriveAsync(TCommand command)
    {
        Rule? rule;
        lock (_gate)
        {
            _log.Add(command);
            rule = _rules.Find(r => r.Match(command));
            if (rule is not null && --rule.Times == 0)
            {
                _rules.Remove(rule);
            }
        }

        if (rule is null)
        {
            return (Scheduler is { } scheduler ? await scheduler(command).ConfigureAwait(false) : ordinary, null);
        }

        if (rule.Before is { } before)
        {
            await before.PassAsync().ConfigureAwait(false);
        }

        return (rule.Fate, rule.After);
    }

    private FakeStop Stop(Func<TCommand, bool> match, TFate fate, bool before)
    {
        var stop = new FakeStop();
        Add(new Rule(match, fate, 1, before ? stop : null, before ? null : stop));
        return stop;
    }

    private void Add(Rule rule)
    {
        lock (_gate)
        {
            _rules.Add(rule);
        }
    }

    private sealed class Rule(Func<TCommand, bool> match, TFate fate, int times, FakeStop? before, FakeStop? after)
    {
        public Func<TCommand, bool> Match { get; } = match;

        public TFate Fate { get; } = fate;

        public int Times { get; set; } = times;

        public FakeStop? Before { get; } = before;

        public FakeStop? After { get; } = after;
    }
}

/// <summary>One command that is held up: the test waits until it has arrived, does what it wants to do meanwhile, and lets it go, or never.</summary>
internal sealed class FakeStop
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the command has arrived; fails after a limit that no working test comes near.</summary>
    public Task ReachedAsync() => _reached.Task.WaitAsync(Patience);

    public void Release() => _released.TrySetResult();

    public async ValueTask PassAsync()
    {
        _reached.TrySetResult();
        await _released.Task.ConfigureAwait(false);
    }
}
