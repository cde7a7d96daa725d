using System.Diagnostics;

namespace CascadeCache.Stress.Processes;

/// <summary>This program as a process of its own, with another command. It ends when its input ends, so that none outlives its parent; or when it is killed.</summary>
internal sealed class ChildProgram : IAsyncDisposable
{
    public const string ReadyLine = "ready";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Action<string> _onLine;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProgram(Process process, Action<string> onLine) => (_process, _onLine) = (process, onLine);

    /// <summary>Starts it and waits until it says that it is ready.</summary>
    /// <param name="onLine">Gets every other line that it writes.</param>
    /// <param name="arguments">The command and its arguments.</param>
    public static async Task<ChildProgram> StartAsync(Action<string> onLine, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.ArgumentList.Add(typeof(ChildProgram).Assembly.Location);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var child = new ChildProgram(Process.Start(start)!, onLine);
        child._process.OutputDataReceived += (_, line) => child.Take(line.Data);
        child._process.BeginOutputReadLine();
        try
        {
            await child._ready.Task.WaitAsync(Limit, TimeProvider.System);
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }

        return child;
    }

    public async Task SendAsync(string line)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line);
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException) when (_process.HasExited)
        {
            // Killed meanwhile: that is what the run is about.
        }
    }

    /// <summary>Ends its input and waits until it has ended by itself.</summary>
    public async Task StopAsync()
    {
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        if (_process.ExitCode != 0)
        {
            throw new InvalidOperationException($"A child process ended with code {_process.ExitCode}.");
        }
    }

    /// <summary>SIGKILL: the process gets no chance to finish anything.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line == ReadyLine)
        {
            _ready.TrySetResult();
        }
        else if (line is null)
        {
            _ready.TrySetException(new InvalidOperationException("A child process ended before it was ready; its error output tells why."));
        }
        else
        {
            _onLine(line);
        }
    }
}
