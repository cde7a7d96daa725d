using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using CascadeCache.Emulators.Tests.Datastore;
using CascadeCache.TestKit;
using Microsoft.Extensions.Caching.Distributed;
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
        SkipRules.RequireOrSkip(await HasAsync("node") && await HasAsync("npm"), "Node.js with npm");
        using var folder = new TemporaryFolder();
        foreach (var file in new[] { "package.json", "package-lock.json", "check.mjs" })
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, "NodeClient", file), folder.File(file));
        }

        var (installed, installOutput) = await RunAsync(folder, InstallLimit, null, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts");
        Assert.True(installed == 0, installOutput);
        await using var emulator = await DatastoreEmulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var cache = CacheOn(emulator);

        // A whole millisecond: the cache rounds an expiry up to the next.
        var expiry = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds());
        await WriteSessionsAsync(cache, expiry);

        var (passed, output) = await RunAsync(folder, CheckLimit, Environment(emulator, expiry), "node", "check.mjs");
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(passed == 0, output);
        Assert.Contains("ok   session that the cache wrote", output, StringComparison.Ordinal);
        Assert.Contains("all checks passed", output, StringComparison.Ordinal);
        Assert.Equal([9, 8, 7], await cache.GetAsync("of-node", TestContext.Current.CancellationToken));
    }

    private static CascadeDistributedCache CacheOn(DatastoreEmulator emulator)
    {
        var options = new CascadeCacheOptions { Backends = CascadeBackends.Datastore };
        options.Datastore.EmulatorHost = emulator.Host;
        options.Datastore.ProjectId = "node-check";
        return new CascadeDistributedCache(options);
    }

    private static async Task WriteSessionsAsync(CascadeDistributedCache cache, DateTimeOffset expiry)
    {
        var absolute = new DistributedCacheEntryOptions { AbsoluteExpiration = expiry };
        await cache.SetAsync("of-the-cache", [0, 1, 2, 253, 254, 255], absolute, TestContext.Current.CancellationToken);
        var sliding = new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromMinutes(20) };
        await cache.SetAsync("sliding", "sliding"u8.ToArray(), sliding, TestContext.Current.CancellationToken);
    }

    private static Dictionary<string, string> Environment(DatastoreEmulator emulator, DateTimeOffset expiry) => new()
    {
        ["DATASTORE_EMULATOR_HOST"] = emulator.Host,
        ["SESSION_EXPIRES_AT"] = expiry.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),

        // Without this the client looks for Google's metadata server before its first call.
        ["METADATA_SERVER_DETECTION"] = "none",
    };

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
        TemporaryFolder? folder, TimeSpan limit, Dictionary<string, string>? environment, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder?.Path ?? "",
        };

        foreach (var (name, value) in environment ?? [])
        {
            start.Environment[name] = value;
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
