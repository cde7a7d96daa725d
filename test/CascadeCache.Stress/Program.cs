using System.Runtime.InteropServices;
using CascadeCache.Stress.Interleavings;
using CascadeCache.Stress.Linearizability;
using CascadeCache.Stress.Soak;

namespace CascadeCache.Stress;

internal static class Program
{
    private const int BadArguments = 2;

    private const string Usage =
        """
        Load and faults for CascadeCache, with real processes on loopback.

        Usage: CascadeCache.Stress linearizability [options]
               CascadeCache.Stress soak [--minutes N] [--seed S] [--broken]
               CascadeCache.Stress interleavings [SCENARIO [FAULTS [MAX [cached|uncached]]]]

        linearizability: is what the callers of several processes see that of one register per key, whatever fails?

          --seconds N             How long faults are made, after a warm-up. Default 30.
          --seed S                What faults and operations are drawn from. Default 1.
          --workers W             Processes with caches. Default 3.
          --consistency MODE      Strict (default) or Available.
          --faults LIST           Kinds separated by commas, or "none". Default: all of them.
          --broken                With a cache that does it the naive way: the run has to find it out.

        soak: does anything grow in a process under load and faults? Default 5 minutes, seed 1.
        With --broken something does, and the run has to find it out.

        interleavings: does any schedule of a few operations, with so many faults between their steps, break a rule?
        Without arguments it shows the scenarios and the kinds of faults. It takes memory: some 100 bytes a state.

        Exit codes: 0 nothing wrong, 1 something wrong or inconclusive, 2 bad arguments.
        """;

    public static async Task<int> Main(string[] args)
    {
        using var ending = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        try
        {
            switch (args)
            {
                case ["linearizability", .. string[] rest]:
                    return await LinearizabilityRun.RunAsync(RunOptions.Parse(rest), Console.Out, ending.Token);
                case ["soak", .. string[] rest]:
                    return await SoakRun.RunAsync(SoakOptions.Parse(rest), Console.Out, ending.Token);
                case ["interleavings", .. string[] rest]:
                    return InterleavingsCommand.Run(rest, Console.Out, ending.Token);
                case [SoakCommand.Name, string settings]:
                    return await SoakCommand.RunAsync(WorkerSettings.Parse(settings), Console.In, Console.Out);
                case [WorkerCommand.Name, string settings]:
                    return await WorkerCommand.RunAsync(WorkerSettings.Parse(settings), Console.In, Console.Out);
                case [EmulatorCommand.Name, string port, string file, string seed]:
                    return await EmulatorCommand.RunAsync(port, file, seed, Console.In, Console.Out);
                default:
                    await Console.Error.WriteLineAsync(Usage);
                    return BadArguments;
            }
        }
        catch (FormatException e)
        {
            await Console.Error.WriteLineAsync($"{e.Message} Without arguments the usage is shown.");
            return BadArguments;
        }

        // A run that is told to end becomes a short one: the servers that it started end with it.
        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            ending.Cancel();
        }
    }
}
