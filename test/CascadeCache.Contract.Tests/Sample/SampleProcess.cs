using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace CascadeCache.Contract.Tests.Sample;

/// <summary>The sample as its user starts it, on a free loopback port; ended when disposed.</summary>
internal sealed class SampleProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    private SampleProcess(Process process) => _process = process;

    public Uri Address { get; private set; } = null!;

    public static async Task<SampleProcess> StartAsync(string data, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[ProgramFile(), "--data", data, "--urls", "http://127.0.0.1:0"])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Remove("DATASTORE_EMULATOR_HOST");
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        var sample = new SampleProcess(Process.Start(start)!);
        sample._process.OutputDataReceived += (_, line) => sample._lines.Writer.TryWrite(line.Data ?? "(end of output)");
        sample._process.BeginOutputReadLine();
        sample._process.ErrorDataReceived += (_, line) => sample._lines.Writer.TryWrite("error: " + line.Data);
        sample._process.BeginErrorReadLine();
        string opened = await sample.WaitForLineAsync("Open ");
        sample.Address = new Uri(opened["Open ".Length..]);
        return sample;
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

    private async Task<string> WaitForLineAsync(string beginning)
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
            Assert.False(line == "(end of output)", "The sample ended: " + string.Join('\n', seen));
        }
    }

    private static string ProgramFile([CallerFilePath] string here = "")
    {
        // bin/Release/net10.0 of this project tells which configuration to take.
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
        return Path.Combine(root, "samples", "WebSession", "bin", output.Parent!.Name, output.Name, "WebSession.dll");
    }
}
