using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CascadeCache.TestKit.Processes;

/// <summary>
/// A memcached process on a loopback port of its own, ended when it is disposed. A machine without memcached skips the test, visibly; see <see cref="SkipRules"/>.
/// </summary>
public sealed class RealMemcached : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private readonly string[] _arguments;
    private Process? _process;

    private RealMemcached(int port, string[] arguments)
    {
        Port = port;
        _arguments = arguments;
    }

    /// <summary>Whether this machine has the program.</summary>
    public static bool IsInstalled => FindProgram() is not null;

    public int Port { get; }

    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts a server that answers when this returns.</summary>
    /// <param name="arguments">More of its options, such as <c>-I 2m</c>.</param>
    public static async Task<RealMemcached> StartAsync(params string[] arguments)
    {
        SkipRules.RequireOrSkip(FindProgram() is not null, "memcached");

        // Somebody may take the free port before the server does; then the server ends and another port is tried.
        for (int attempt = 0; ; attempt++)
        {
            var server = new RealMemcached(FreePort(), arguments);
            try
            {
                await server.StartAgainAsync();
                return server;
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>Starts the process again, on the same port, after <see cref="Kill"/>.</summary>
    public async Task StartAgainAsync()
    {
        var start = new ProcessStartInfo(FindProgram()!)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        string[] own = ["-l", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", "0", "-m", "64"];
        foreach (string argument in (string[])[.. own, .. Environment.UserName == "root" ? ["-u", "root"] : Array.Empty<string>(), .. _arguments])
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        _ = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
        await WaitUntilItAnswersAsync();
    }

    /// <summary>Ends the process as a crash does, and waits until it is gone.</summary>
    public void Kill()
    {
        if (_process is { } process)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Stops the process from doing anything, without closing its connections: a server that hangs.</summary>
    public void Pause() => Signal("STOP");

    /// <summary>Lets it go on.</summary>
    public void Resume() => Signal("CONT");

    /// <summary>Sends lines and gives back what comes until the server pauses after a whole line; for looking at the server behind the cache's back.</summary>
    public async Task<string> AskAsync(string request, string until)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        await using NetworkStream stream = client.GetStream();
        await stream.WriteAsync(System.Text.Encoding.Latin1.GetBytes(request));
        byte[] buffer = new byte[2 * 1024 * 1024];
        int length = 0;
        string text = "";
        while (!text.EndsWith(until, StringComparison.Ordinal))
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length));
            if (read == 0)
            {
                break;
            }

            length += read;
            text = System.Text.Encoding.Latin1.GetString(buffer, 0, length);
        }

        return text;
    }

    public ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            Resume(); // a stopped process takes its end only when it goes on
        }

        Kill();
        return default;
    }

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static string? FindProgram()
    {
        string[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/bin", "/usr/local/bin"];
        return folders.Select(static folder => Path.Combine(folder, "memcached")).FirstOrDefault(File.Exists);
    }

    private void Signal(string name)
    {
        using Process kill = Process.Start("kill", ["-" + name, _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private async Task WaitUntilItAnswersAsync()
    {
        using var limit = new CancellationTokenSource(StartLimit);
        while (true)
        {
            if (_process!.HasExited)
            {
                throw new InvalidOperationException($"memcached ended with code {_process.ExitCode}.");
            }

            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, Port, limit.Token);
                if (_arguments.Contains("-Z"))
                {
                    return; // speaks to nobody without TLS
                }

                await using NetworkStream stream = client.GetStream();
                await stream.WriteAsync("version\r\n"u8.ToArray(), limit.Token);
                if (await stream.ReadAsync(new byte[64], limit.Token) > 0)
                {
                    return;
                }
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
            }
        }
    }
}
