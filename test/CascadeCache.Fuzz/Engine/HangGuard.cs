namespace CascadeCache.Fuzz.Engine;

/// <summary>Ends the process when one input runs for longer than any may, after its bytes were saved.</summary>
internal sealed class HangGuard : IDisposable
{
    public const int ExitCode = 3;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly FuzzRun _run;
    private readonly Func<FuzzRun, byte[], string> _save;
    private readonly ITimer _timer;
    private long _lastSeen = -1;

    public HangGuard(FuzzRun run, Func<FuzzRun, byte[], string> save, TimeProvider time)
    {
        (_run, _save) = (run, save);
        _timer = time.CreateTimer(static state => ((HangGuard)state!).Look(), this, Limit, Limit);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        long executions = _run.Executions;
        if (_run.Current is { } input && executions == Interlocked.Exchange(ref _lastSeen, executions))
        {
            Console.Error.WriteLine($"{_save(_run, input)}: did not end within {Limit.TotalSeconds} s");
            Environment.Exit(ExitCode);
        }
    }
}
