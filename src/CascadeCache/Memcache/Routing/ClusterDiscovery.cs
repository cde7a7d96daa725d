using System.Globalization;
using System.Net.Sockets;
using System.Text;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Memcache.Routing;

/// <summary>Asks a discovery endpoint for the servers of its cluster. Blocks: runs on a thread of its own.</summary>
/// <remarks>
/// Source: the auto-discovery documentation of Memorystore for Memcached and of ElastiCache. The published samples disagree on line ends and lengths, so lines are
/// read up to END; the first that is not empty is the list's version, the second the list.
/// </remarks>
internal static class ClusterDiscovery
{
    private const int MaxLines = 10;

    /// <exception cref="MemcacheException">The endpoint cannot be reached, or does not know the question.</exception>
    public static IReadOnlyList<MemcacheServerAddress> Ask(MemcacheServerAddress endpoint, MemcacheOptions options, TimeProvider time)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using ITimer end = time.CreateTimer(static state => ((Socket)state!).Dispose(), socket, options.ConnectTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            socket.Connect(endpoint.Host, endpoint.Port);
            using var stream = new NetworkStream(socket, ownsSocket: false);
            stream.Write("config get cluster\r\n"u8);
            return Parse(endpoint, ReadLines(new ReplyScanner(stream, time)));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidDataException)
        {
            throw new MemcacheException(MemcacheFault.NotConnected, $"The discovery endpoint {endpoint} could not be asked for its cluster: {e.Message}", e);
        }
    }

    public static IReadOnlyList<MemcacheServerAddress> Parse(MemcacheServerAddress endpoint, IReadOnlyList<string> lines)
    {
        if (lines.Count < 2 || !lines[0].StartsWith("CONFIG cluster ", StringComparison.Ordinal))
        {
            throw Misunderstood(endpoint, lines.Count == 0 ? "" : lines[0]);
        }

        string[] told = [.. lines.Skip(1).Where(static l => l.Length > 0)];
        var servers = new List<MemcacheServerAddress>();
        foreach (string server in told.Length < 2 ? [] : told[1].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = server.Split('|');
            string host = parts.Length < 3 ? "" : parts[1].Length > 0 ? parts[1] : parts[0];
            if (host.Length == 0 || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int port))
            {
                throw Misunderstood(endpoint, server);
            }

            servers.Add(new MemcacheServerAddress(host, port));
        }

        return servers.Count > 0 ? servers : throw Misunderstood(endpoint, "an empty list");
    }

    private static List<string> ReadLines(ReplyScanner scanner)
    {
        var lines = new List<string>();
        while (lines.Count < MaxLines)
        {
            string line = Encoding.UTF8.GetString(scanner.ReadLine());
            if (line is "END" or "ERROR")
            {
                break;
            }

            lines.Add(line);
        }

        return lines;
    }

    private static MemcacheException Misunderstood(MemcacheServerAddress endpoint, string answer) =>
        new(MemcacheFault.NotConnected, $"{endpoint} is no discovery endpoint: it answered 'config get cluster' with '{answer}'. Set MemcacheOptions.AutoDiscovery to false and list the servers.");
}
