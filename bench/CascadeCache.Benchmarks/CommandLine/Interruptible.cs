using System.Runtime.InteropServices;
using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks.CommandLine;

/// <summary>Runs a command so that Ctrl+C ends it in order, its servers with it, and turns what a user can mend into a message.</summary>
internal static class Interruptible
{
    /// <summary>Reads the arguments and runs with them.</summary>
    /// <returns>The exit code: 0 done, 1 broken off or not possible here, 2 bad arguments.</returns>
    public static int Run<TOptions>(Func<TOptions> parse, string usage, Action<TOptions, CancellationToken> run)
    {
        TOptions options;
        try
        {
            options = parse();
        }
        catch (ArgumentException e)
        {
            Console.Error.WriteLine(e.Message + Environment.NewLine + usage);
            return 2;
        }

        using var cancellation = new CancellationTokenSource();
        Action<PosixSignalContext> stop = context =>
        {
            context.Cancel = true;
            cancellation.Cancel();
        };
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, stop);
        try
        {
            run(options, cancellation.Token);
            return 0;
        }
        catch (Exception e) when (cancellation.IsCancellationRequested)
        {
            // The servers have got the signal too, so that whatever was under way may have failed before it was cancelled.
            Console.Error.WriteLine("Broken off: " + e.Message);
            return 1;
        }
        catch (MissingProgramException e)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }
}
