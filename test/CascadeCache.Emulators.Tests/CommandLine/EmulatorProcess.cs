using System.Diagnostics;

namespace CascadeCache.Emulators.Tests.CommandLine;

/// <summary>The command as a child process, gone when disposed.</summary>
internal sealed class EmulatorProcess : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly CancellationTokenSource _limit = new(s_limit, TimeProvider.System);

    private EmulatorProcess(Process process) => _process = process;

    public static EmulatorProcess Start(params string[] args)
    {
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var program = Path.Combine(AppContext.BaseDirectory, "CascadeCache.Emulators.dll");
        return new EmulatorProcess(Process.Start(new ProcessStartInfo(host, [program, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
    }

    public async Task<string> ReadLineAsync() => await _process.StandardOutput.ReadLineAsync(_limit.Token) ?? "<end>";

    /// <summary>Sends SIGTERM or SIGINT.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-s", signal, $"{_process.Id}"]);
        await kill.WaitForExitAsync(_limit.Token);
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Waits for the end; all the output that was not read yet.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> WaitAsync()
    {
        var output = _process.StandardOutput.ReadToEndAsync(_limit.Token);
        var errors = _process.StandardError.ReadToEndAsync(_limit.Token);
        await _process.WaitForExitAsync(_limit.Token);
        return (_process.ExitCode, await output, await errors);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
        _limit.Dispose();
    }
}
