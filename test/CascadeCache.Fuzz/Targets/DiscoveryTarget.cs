using System.Text;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;
using CascadeCache.Memcache.Routing;

namespace CascadeCache.Fuzz.Targets;

/// <summary>The input is what a discovery endpoint answers. It is refused with a clear exception, or it is a list of addresses that could be configured as well.</summary>
internal sealed class DiscoveryTarget : IFuzzTarget
{
    private static readonly MemcacheServerAddress Endpoint = new("endpoint.example", 11211);

    public string Name => "discovery";

    public bool IsText => true;

    public IReadOnlyList<byte[]> Tokens { get; } =
    [
        .. new[] { "CONFIG cluster 0 30\r\n", "1\n", "a.example|10.0.0.1|11211", "b.example||11212", "|", "END\r\n", "ERROR\r\n", "\n", "\r\n", "[::1]", "::1" }.Select(Encoding.ASCII.GetBytes),
    ];

    public long MaxAllocatedBytes(int inputLength) => (4 * 1024 * 1024) + (1000L * inputLength);

    public string Run(ReadOnlyMemory<byte> input) => Transcript.SameForEveryCut(input, Ask);

    private static Transcript Ask(Stream stream)
    {
        var transcript = new Transcript();
        try
        {
            IReadOnlyList<MemcacheServerAddress> servers = ClusterDiscovery.Read(Endpoint, new ReplyScanner(stream, StillTime.Instance));
            PropertyException.Require(servers.Count > 0, "an empty list was accepted");
            foreach (MemcacheServerAddress server in servers)
            {
                PropertyException.Require(
                    MemcacheServerAddress.TryParse(server.ToString(), out MemcacheServerAddress? again, out _) && again == server,
                    $"'{server}' is no address that could be configured");
            }

            transcript.Add($"accepted {servers.Count}", string.Join(' ', servers));
        }
        catch (Exception e) when (e is MemcacheException or InvalidDataException or EndOfStreamException)
        {
            PropertyException.Require(e.Message.Length < 1000, "a message as long as the endpoint likes");
            transcript.Add(e);
        }

        return transcript;
    }
}
