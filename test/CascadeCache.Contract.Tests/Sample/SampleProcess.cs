using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace CascadeCache.Contract.Tests.Sample;

/// <summary>The sample as its user starts it, on a free loopback port; ended when disposed. Every wait has a limit.</summary>
internal sealed class SampleProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private const string EndOfOutput = "(end of output)";

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    private SampleProcess(Process process) => _process = process;

    public Uri Address { get; private set; } = null!;

    /// <summary>Starts it, with further arguments and variables as <c>--name=value</c> or <c>NAME=value</c>, and waits until it serves.</summary>
    public static async Task<SampleProcess> StartAsync(string data, params string[] settings)
    {
        SampleProcess sample = Launch(data, settings);
        try
        {
            string opened = await sample.WaitForLineAsync("Open ");
            sample.Address = new Uri(opened["Open ".Length..]);
            return sample;
        }
        catch
        {
            await sample.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs it where it cannot start; returns its exit code and what it wrote.</summary>
    public static async Task<(int ExitCode, string Output)> FailAsync(string data, params string[] settings)
    {
        await using SampleProcess sample = Launch(data, settings);
        using var limit = new CancellationTokenSource(Limit);
        await sample._process.WaitForExitAsync(limit.Token);
        sample._lines.Writer.Complete();
        return (sample._process.ExitCode, string.Join('\n', await sample._lines.Reader.ReadAllAsync(limit.Token).ToListAsync(limit.Token)));
    }

    /// <summary>Asks it to end, as Ctrl+C does; returns its exit code and what it wrote last.</summary>
    public async Task<(int ExitCode, string Output)> StopAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        using Process kill = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(limit.Token);
        await _process.WaitForExitAsync(limit.Token);
        _lines.Writer.Complete();
        return (_process.ExitCode, string.Join('\n', await _lines.Reader.ReadAllAsync(limit.Token).ToListAsync(limit.Token)));
    }

    /// <summary>The next line of its output that begins so; the lines before it are gone.</summary>
    public async Task<string> WaitForLineAsync(string beginning)
    {
        using var limit = new CancellationTokenSource(Limit);
        var seen = new List<string>();
        while (true)
        {
            string line = await _lines.Reader.ReadAsync(limit.Token);
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line;
            }

            seen.Add(line);
            Assert.False(line == EndOfOutput, "The sample ended: " + string.Join('\n', seen));
        }
    }

    /// <summary>Ends the process without warning.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private static SampleProcess Launch(string data, string[] settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments = [ProgramFile(), "--data", data, "--urls", "http://127.0.0.1:0", .. settings.Where(static s => s.StartsWith("--", StringComparison.Ordinal))];
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // What the machine has set must not decide which servers the sample uses.
        foreach (string name in start.Environment.Keys.Where(static n => n.Contains("DATASTORE", StringComparison.Ordinal) || n.StartsWith("CascadeCache", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment.Remove("MaxMemcacheSessionSizeBytes");
        foreach (string variable in settings.Except(arguments))
        {
            int equals = variable.IndexOf('=', StringComparison.Ordinal);
            start.Environment[variable[..equals]] = variable[(equals + 1)..];
        }

        var sample = new SampleProcess(Process.Start(start)!);
        sample._process.OutputDataReceived += (_, line) => sample._lines.Writer.TryWrite(line.Data ?? EndOfOutput);
        sample._process.BeginOutputReadLine();
        sample._process.ErrorDataReceived += (_, line) => sample._lines.Writer.TryWrite("error: " + line.Data);
        sample._process.BeginErrorReadLine();
        return sample;
    }

    private static string ProgramFile([CallerFilePath] string here = "")
    {
        // bin/Release/net10.0 of this project tells which configuration to take.
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
        return Path.Combine(root, "samples", "WebSession", "bin", output.Parent!.Name, output.Name, "WebSession.dll");
    }
}
