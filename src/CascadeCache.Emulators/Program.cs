using System.Runtime.InteropServices;
using CascadeCache.Emulators.CommandLine;

namespace CascadeCache.Emulators;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        using var ending = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        return await EmulatorCommand.RunAsync(args, Console.Out, Console.Error, ending.Token).ConfigureAwait(false);

        // Without this the process would be gone before the emulators are closed and their data is written.
        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            ending.Cancel();
        }
    }
}
