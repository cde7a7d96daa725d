using System.Text;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Connections;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Fuzz.Targets;

/// <summary>
/// The input is all that a server answers to the questions of a new connection; the lowest bit of its first byte says whether a password is proved first.
/// It is refused with a clear exception, or what was learned is usable: no arithmetic on it can fail.
/// </summary>
internal sealed class HandshakeTarget : IFuzzTarget
{
    private static readonly MemcacheServerAddress Address = new("server.example", 11211);

    public string Name => "handshake";

    public bool IsText => true;

    public IReadOnlyList<byte[]> Tokens { get; } =
    [
        .. new[]
        {
            "STORED\r\n", "VERSION 1.6.18\r\n", "VERSION 1.5.16\r\n", "MN\r\n", "STAT item_size_max ", "STAT cas_enabled no\r\n", "STAT uptime ", "STAT time ", "END\r\n", "RESET\r\n", "ERROR\r\n",
            "CLIENT_ERROR unauthenticated\r\n", "STAT ", "\r\n",
        }.Select(Encoding.ASCII.GetBytes),
    ];

    public long MaxAllocatedBytes(int inputLength) => (4 * 1024 * 1024) + (1000L * inputLength);

    public string Run(ReadOnlyMemory<byte> input)
    {
        if (input.IsEmpty)
        {
            return "";
        }

        bool hasPassword = (input.Span[0] & 1) == 0;
        return Transcript.SameForEveryCut(input[1..], stream => Greet(stream, hasPassword));
    }

    private static Transcript Greet(Stream stream, bool hasPassword)
    {
        var transcript = new Transcript();
        try
        {
            var handshake = new Handshake(stream, new ReplyScanner(stream, StillTime.Instance), Address, StillTime.Instance);
            MemcacheServerInfo server = handshake.Run(hasPassword ? "user" : null, hasPassword ? "secret" : null);
            PropertyException.Require(server.Version >= MemcacheServerInfo.Oldest, "too old a version was accepted");
            PropertyException.Require(server.ItemSizeMax is >= 0 and <= MemcacheServerInfo.LargestItemSizeMax, $"a size limit of {server.ItemSizeMax} was believed");
            TimeSpan? age = server.MinimumAge(StillTime.Instance) + TimeSpan.FromDays(3650);
            DateTimeOffset clock = StillTime.Instance.GetUtcNow() + server.ClockOffset;
            transcript.Add($"accepted {server.NamesMisses} {age is null} {clock.Year == 2030}", server.ToString());
        }
        catch (Exception e) when (e is MemcacheException or InvalidDataException or EndOfStreamException)
        {
            PropertyException.Require(!e.Message.Contains("secret", StringComparison.Ordinal), "a message holds the password");
            PropertyException.Require(e.Message.Length < 1000, "a message as long as the server likes");
            transcript.Add(e);
        }

        return transcript;
    }
}
