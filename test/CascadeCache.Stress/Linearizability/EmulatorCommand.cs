using System.Globalization;
using CascadeCache.Emulators;
using CascadeCache.Stress.Processes;

namespace CascadeCache.Stress.Linearizability;

/// <summary>The Datastore emulator in a process of its own, on a file, with faults that are switched by lines on its input: "errors late", one of them, or neither.</summary>
internal static class EmulatorCommand
{
    public const string Name = "emulator";
    public const string FaultLine = "fault ";
    public const string Errors = "errors";
    public const string Late = "late";

    public static async Task<int> RunAsync(string port, string file, string seed, TextReader input, TextWriter output)
    {
        var faults = new EmulatorFaults(new Random(int.Parse(seed, CultureInfo.InvariantCulture)));
        await using DatastoreEmulator emulator = await DatastoreEmulator.StartAsync(new DatastoreEmulatorOptions
        {
            Port = int.Parse(port, CultureInfo.InvariantCulture),
            DataFile = file,
            OnCall = faults.OnCallAsync,
        });
        await output.WriteLineAsync(ChildProgram.ReadyLine);
        while (await input.ReadLineAsync() is { } line)
        {
            faults.HasErrors = line.Contains(Errors, StringComparison.Ordinal);
            faults.IsLate = line.Contains(Late, StringComparison.Ordinal);
            await TellAsync();
        }

        await TellAsync();
        return 0;

        // Often: a killed process tells nothing any more.
        async Task TellAsync()
        {
            foreach ((string fault, int count) in faults.TakeCounts())
            {
                await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{FaultLine}{count} {fault}"));
            }
        }
    }
}
