using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace CascadeCache.Consistency.Tests.Linearizability;

/// <summary>Runs the stress program as its user does, to its end; it is killed, with all that it started, when it does not come to one.</summary>
internal static class StressProgram
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static async Task<(int ExitCode, string Report)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[ProgramFile(), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            var report = new StringBuilder(await process.StandardOutput.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            report.Append(await errors);
            TestContext.Current.TestOutputHelper?.WriteLine(report.ToString());
            return (process.ExitCode, report.ToString());
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static string ProgramFile([CallerFilePath] string here = "")
    {
        // bin/Release/net10.0 of this project tells which configuration to take.
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        string tests = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
        return Path.Combine(tests, "CascadeCache.Stress", "bin", output.Parent!.Name, output.Name, "CascadeCache.Stress.dll");
    }
}
