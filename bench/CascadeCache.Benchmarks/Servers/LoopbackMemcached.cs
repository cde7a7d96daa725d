using System.Globalization;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>The machine's memcached on a free loopback port, ended when disposed.</summary>
internal sealed class LoopbackMemcached : IDisposable
{
    private const int DefaultMegabytes = 256;

    private readonly ServerProcess _process;

    private LoopbackMemcached(ServerProcess process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts memcached; it answers when this returns.</summary>
    /// <param name="megabytes">Its memory for items; taken only as it is needed.</param>
    public static LoopbackMemcached Start(int megabytes = DefaultMegabytes)
    {
        int port = ServerProcess.FreePort();
        string[] arguments =
        [
            "-l", "127.0.0.1", "-p", Text(port), "-U", "0", "-m", Text(megabytes), "-t", "2", "-c", "4096",
            .. Environment.UserName == "root" ? ["-u", "root"] : Array.Empty<string>(),
        ];
        return new LoopbackMemcached(ServerProcess.Start("memcached", "memcached", port, arguments), port);
    }

    /// <summary>Ends the process as a crash does; also one that was stopped.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Sends the process a signal, such as STOP.</summary>
    public void Signal(string name) => _process.Signal(name);

    public void Dispose() => _process.Dispose();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
