using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>A server program of the machine on a loopback port, killed when disposed.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private readonly Process _process;

    private ServerProcess(Process process) => _process = process;

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Starts a program; it accepts connections when this returns.</summary>
    /// <param name="program">Its name, to be found on the path.</param>
    /// <param name="package">The package of Debian that has it.</param>
    /// <param name="port">Where it will listen.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="MissingProgramException">The machine has no such program.</exception>
    public static ServerProcess Start(string program, string package, int port, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            process.Dispose();
            throw new MissingProgramException(program, package, e);
        }

        // What it writes is of no interest, but a pipe that nobody reads would stop it.
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new ServerProcess(process);
        try
        {
            server.WaitUntilItListens(program, port);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Ends the process as a crash does; also one that was stopped.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
    }

    /// <summary>Sends the process a signal, such as STOP.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", ["-" + name, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private void WaitUntilItListens(string program, int port)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                client.Connect(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException e)
            {
                if (_process.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
                {
                    throw new InvalidOperationException($"{program} does not listen on port {port}.", e);
                }

                Thread.Sleep(5);
            }
        }
    }
}
