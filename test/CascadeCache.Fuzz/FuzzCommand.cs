using System.Globalization;
using CascadeCache.Fuzz.Engine;

namespace CascadeCache.Fuzz;

/// <summary>Runs targets one after the other, prints what came of it, and leaves every failing input in a file.</summary>
internal sealed class FuzzCommand(FuzzArguments arguments, TextWriter output)
{
    private static readonly TimeProvider Time = TimeProvider.System;

    /// <returns>True: nothing failed.</returns>
    public bool Run()
    {
        bool isSound = true;
        foreach (IFuzzTarget target in arguments.Targets)
        {
            isSound &= arguments.Replay is { } file ? Replay(target, file) : Fuzz(target);
        }

        return isSound;
    }

    private bool Replay(IFuzzTarget target, string file)
    {
        var run = new FuzzRun(target, arguments.Seed, []);
        using (new HangGuard(run, Save, Time))
        {
            run.Execute(File.ReadAllBytes(file));
        }

        Print(run, TimeSpan.Zero);
        return run.Failures.Count == 0;
    }

    private bool Fuzz(IFuzzTarget target)
    {
        var run = new FuzzRun(target, arguments.Seed, SeedCorpus.Of(target.Name));
        long started = Time.GetTimestamp();
        using (new HangGuard(run, Save, Time))
        {
            run.ReplayCorpus();
            run.MutateWhile(() => Time.GetElapsedTime(started) < arguments.Time);
        }

        Print(run, Time.GetElapsedTime(started));
        return run.Failures.Count == 0;
    }

    private void Print(FuzzRun run, TimeSpan elapsed)
    {
        double rate = elapsed > TimeSpan.Zero ? run.Executions / elapsed.TotalSeconds : 0;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{run.Target.Name,-10} {run.Executions,10} executions {rate,9:0}/s   corpus {run.CorpusSize,4} ({run.SeedCount} committed)   failures {run.Failures.Count}   seed {arguments.Seed}"));
        foreach (FuzzFailure failure in run.Failures)
        {
            output.WriteLine($"  {Save(run, failure.Input)}: {failure.Reason}");
        }
    }

    private string Save(FuzzRun run, byte[] input)
    {
        string file = string.Create(CultureInfo.InvariantCulture, $"fuzz-{run.Target.Name}-{arguments.Seed}-{run.Executions}-{input.Length}.bin");
        File.WriteAllBytes(file, input);
        return Path.GetFullPath(file);
    }
}
