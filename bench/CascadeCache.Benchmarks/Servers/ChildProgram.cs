using System.Diagnostics;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>
/// This program as a process of its own, with another command, spoken to in lines. It ends when its input ends, so that none outlives its parent; and it is killed when
/// disposed. Used by one caller at a time.
/// </summary>
internal sealed class ChildProgram : IDisposable
{
    private readonly Process _process;

    private ChildProgram(Process process) => _process = process;

    /// <summary>Starts it and waits for its first line.</summary>
    /// <param name="greeting">That line.</param>
    /// <param name="arguments">The command and its arguments.</param>
    public static ChildProgram Start(out string greeting, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ChildProgram).Assembly.Location, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var child = new ChildProgram(Process.Start(start) ?? throw new InvalidOperationException("A child process did not start."));
        try
        {
            greeting = child.Read();
            return child;
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    /// <summary>Sends a line and waits for the one that answers it.</summary>
    public string Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
        return Read();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private string Read() =>
        _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("A child process ended before its work was done; its error output tells why.");
}
