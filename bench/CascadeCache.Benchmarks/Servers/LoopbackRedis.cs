using System.Globalization;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>The machine's Redis on a free loopback port, which keeps nothing on disk, ended when disposed.</summary>
internal sealed class LoopbackRedis : IDisposable
{
    private readonly ServerProcess _process;

    private LoopbackRedis(ServerProcess process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts Redis; it answers when this returns.</summary>
    public static LoopbackRedis Start()
    {
        int port = ServerProcess.FreePort();
        string[] arguments = ["--bind", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--save", "", "--appendonly", "no"];
        return new LoopbackRedis(ServerProcess.Start("redis-server", "redis-server", port, arguments), port);
    }

    public void Dispose() => _process.Dispose();
}
