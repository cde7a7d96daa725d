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
    private const int ShownLength = 60;

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
            using var scanner = new ReplyScanner(stream, time);
            return Read(endpoint, scanner);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidDataException)
        {
            throw new MemcacheException(MemcacheFault.NotConnected, $"The discovery endpoint {endpoint} could not be asked for its cluster: {e.Message}", e);
        }
    }

    /// <summary>Reads the answer to the question.</summary>
    /// <exception cref="MemcacheException">It is not a list of servers.</exception>
    /// <exception cref="InvalidDataException">It has a line that is longer than any list.</exception>
    /// <exception cref="IOException">It ends early.</exception>
    public static IReadOnlyList<MemcacheServerAddress> Read(MemcacheServerAddress endpoint, ReplyScanner scanner) => Parse(endpoint, ReadLines(scanner));

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
            string address = (host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host) + ":" + parts[^1];
            servers.Add(MemcacheServerAddress.TryParse(address, out MemcacheServerAddress? parsed, out _) ? parsed : throw Misunderstood(endpoint, server));
        }

        return servers.Count > 0 ? servers : throw Misunderstood(endpoint, "an empty list");
    }

    private static List<string> ReadLines(ReplyScanner scanner)
    {
        var lines = new List<string>();
        while (lines.Count < MaxLines)
        {
            // All servers stand on one line: a few hundred of them are more than a reply may be.
            string line = Encoding.UTF8.GetString(scanner.ReadLine(ReplyScanner.LongestLine));
            if (line is "END" or "ERROR")
            {
                break;
            }

            lines.Add(line);
        }

        return lines;
    }

    private static string Shorten(string text) => text.Length <= ShownLength ? text : text[..ShownLength] + "…";

    private static MemcacheException Misunderstood(MemcacheServerAddress endpoint, string answer) =>
        new(MemcacheFault.NotConnected, $"{endpoint} is no discovery endpoint: it answered 'config get cluster' with '{Shorten(answer)}'. Set MemcacheOptions.AutoDiscovery to false and list the servers.");
}
