using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>
/// An emulator in a process of its own, which a test can kill. The process is this test assembly started once more: with the
/// variable set it serves the named data file, before any test could run, until its standard input ends.
/// </summary>
internal sealed class ChildEmulator : IDisposable
{
    private const string FileVariable = "CASCADECACHE_TEST_CHILD_DATA_FILE";
    private readonly Process process;

    private ChildEmulator(Process process, string host)
    {
        this.process = process;
        Host = host;
    }

    public string Host { get; }

    public static async Task<ChildEmulator> StartAsync(string file)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ChildEmulator).Assembly.Location);
        }

        start.Environment[FileVariable] = file;
        var process = Process.Start(start)!;
        var host = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(host);
        return new ChildEmulator(process, host);
    }

    /// <summary>Ends the process as a crash would (SIGKILL): nothing in it gets to run any more.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.Dispose();
    }

#pragma warning disable CA2255 // The test framework owns Main, so this is the only place that runs before it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void ServeWhenAsked()
    {
        if (Environment.GetEnvironmentVariable(FileVariable) is not { } file)
        {
            return;
        }

        var emulator = DatastoreEmulator.StartAsync(new DatastoreEmulatorOptions { DataFile = file }).GetAwaiter().GetResult();
        Console.Out.WriteLine(emulator.Host);
        Console.Out.Flush();
        Console.In.ReadToEnd();
        Environment.Exit(0);
    }
}
