using System.ComponentModel;
using System.Diagnostics;
using CascadeCache.Emulators.Tests.Datastore;
using Xunit;

namespace CascadeCache.Emulators.Tests.NodeClient;

/// <summary>Google's own Node client, as an independent opinion on whether the emulator speaks the API.</summary>
public sealed class NodeClientTests
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan CheckLimit = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Google_s_Node_client_works_against_the_emulator()
    {
        var available = await HasAsync("node") && await HasAsync("npm");
        if (!available && Environment.GetEnvironmentVariable("CASCADECACHE_FORBID_SKIPS") == "1")
        {
            Assert.Fail("Node.js with npm is missing, and CASCADECACHE_FORBID_SKIPS=1 forbids to skip.");
        }

        Assert.SkipUnless(available, "Node.js with npm is missing.");
        using var folder = new TemporaryFolder();
        foreach (var file in new[] { "package.json", "package-lock.json", "check.mjs" })
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, "NodeClient", file), folder.File(file));
        }

        var (installed, installOutput) = await RunAsync(folder, InstallLimit, null, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts");
        Assert.True(installed == 0, installOutput);
        await using var emulator = await DatastoreEmulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        var (passed, output) = await RunAsync(folder, CheckLimit, emulator.Host, "node", "check.mjs");
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(passed == 0, output);
        Assert.Contains("all checks passed", output, StringComparison.Ordinal);
    }

    private static async Task<bool> HasAsync(string program)
    {
        try
        {
            return (await RunAsync(null, CheckLimit, null, program, "--version")).ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(
        TemporaryFolder? folder, TimeSpan limit, string? emulator, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder?.Path ?? "",
        };

        // Without this the client looks for Google's metadata server before its first call.
        start.Environment["METADATA_SERVER_DETECTION"] = "none";
        if (emulator is not null)
        {
            start.Environment["DATASTORE_EMULATOR_HOST"] = emulator;
        }

        using var process = Process.Start(start)!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
