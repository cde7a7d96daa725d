using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>The machine's memcached on a free loopback port, ended when disposed.</summary>
internal sealed class LoopbackMemcached : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private readonly Process _process;

    private LoopbackMemcached(Process process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts memcached; it answers when this returns.</summary>
    public static LoopbackMemcached Start()
    {
        int port = FreePort();
        var start = new ProcessStartInfo("memcached") { RedirectStandardError = true };
        string[] arguments = ["-l", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-U", "0", "-m", "256", "-t", "2"];
        foreach (string argument in (string[])[.. arguments, .. Environment.UserName == "root" ? ["-u", "root"] : Array.Empty<string>()])
        {
            start.ArgumentList.Add(argument);
        }

        Process process = Process.Start(start) ?? throw new InvalidOperationException("memcached did not start.");
        var server = new LoopbackMemcached(process, port);
        server.WaitUntilItListens();
        return server;
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

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private void WaitUntilItListens()
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                client.Connect(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(started) < StartLimit && !_process.HasExited)
            {
                Thread.Sleep(5);
            }
        }
    }
}
