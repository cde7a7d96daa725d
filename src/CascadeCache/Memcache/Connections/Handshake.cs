using System.Globalization;
using System.Text;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Memcache.Connections;

/// <summary>
/// The first exchange on a connection: proves the password, refuses what is not a usable memcached with a message that says so, and asks for
/// what the tier has to know. One question at a time: an unauthenticated server answers several commands in one packet with one line.
/// </summary>
internal sealed class Handshake(Stream stream, ReplyScanner scanner, MemcacheServerAddress address, TimeProvider time)
{
    /// <summary>The longest answer to a question for statistics that is read; a real one has about a hundred lines.</summary>
    public const int MaxStatistics = 10_000;

    // memcached counts time in 32 bits. A number beyond is no time, and would overflow what is computed from it.
    private const long LargestTime = uint.MaxValue;

    private static readonly string[] Asked = ["cas_enabled", "item_size_max", "uptime", "time"];

    /// <exception cref="MemcacheException">The server cannot be used.</exception>
    /// <exception cref="InvalidDataException">A line is longer than any of memcached's.</exception>
    /// <exception cref="IOException">The connection was lost.</exception>
    public MemcacheServerInfo Run(string? userName, string? password)
    {
        if (userName is not null)
        {
            Authenticate(userName, password ?? "");
        }

        Version version = AskVersion();
        Dictionary<string, string> settings = AskStatistics("stats settings\r\n"u8);
        if (settings.GetValueOrDefault("cas_enabled") == "no")
        {
            throw Refuse("it runs without compare-and-set (option -C). Start it without that option");
        }

        long askedAt = time.GetTimestamp();
        Dictionary<string, string> general = AskStatistics("stats\r\n"u8);
        return new MemcacheServerInfo(
            version,
            Number(settings, "item_size_max", long.MaxValue) is { } limit ? Math.Min(limit, MemcacheServerInfo.LargestItemSizeMax) : MemcacheServerInfo.DefaultItemSizeMax,
            Number(general, "uptime", LargestTime) is { } uptime ? TimeSpan.FromSeconds(uptime) : null,
            Number(general, "time", LargestTime) is { } clock ? TimeSpan.FromSeconds(clock - time.GetUtcNow().ToUnixTimeSeconds()) : TimeSpan.Zero,
            askedAt);
    }

    private void Authenticate(string userName, string password)
    {
        byte[] secret = Encoding.UTF8.GetBytes(userName + " " + password);
        Send([.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"set auth 0 0 {secret.Length}\r\n")), .. secret, .. "\r\n"u8]);
        string answer = ReadText();
        if (answer != "STORED")
        {
            throw Refuse($"it refused user '{userName}' with '{Shorten(answer)}'. Check MemcacheOptions.UserName and Password");
        }
    }

    private Version AskVersion()
    {
        Send("version\r\n"u8);
        string answer = ReadText();
        if (answer.StartsWith("CLIENT_ERROR unauthenticated", StringComparison.Ordinal))
        {
            throw Refuse("it wants a user name and password. Set MemcacheOptions.UserName and Password");
        }

        if (!answer.StartsWith("VERSION ", StringComparison.Ordinal))
        {
            throw Refuse($"it answered 'version' with '{Shorten(answer)}': it is not a memcached server, or it has too many connections");
        }

        string text = answer["VERSION ".Length..].Trim();
        if (MemcacheServerInfo.ParseVersion(text) is not { } version || version < MemcacheServerInfo.Oldest)
        {
            throw Refuse($"its version is '{Shorten(text)}', and {MemcacheServerInfo.Oldest} or newer is needed");
        }

        Send("mn\r\n"u8);
        answer = ReadText();
        return answer == "MN" ? version : throw Refuse($"it answered 'mn' with '{Shorten(answer)}': it does not speak the meta protocol");
    }

    private Dictionary<string, string> AskStatistics(ReadOnlySpan<byte> question)
    {
        Send(question);
        var answers = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int lines = 0; lines < MaxStatistics; lines++)
        {
            string line = ReadText();
            if (line.StartsWith("STAT ", StringComparison.Ordinal))
            {
                // Only what is asked for is kept: the rest could be anything, and any amount of it.
                string[] words = line.Split(' ', 3);
                if (Array.Exists(Asked, name => name == words[1]))
                {
                    answers[words[1]] = words.Length > 2 ? words[2] : "";
                }
            }
            else if (line == "END" || line.StartsWith("ERROR", StringComparison.Ordinal) || line.StartsWith("CLIENT_ERROR", StringComparison.Ordinal))
            {
                return answers; // managed services forbid some of the questions
            }
            else if (line.Length > 0 && line != "RESET")
            {
                throw Refuse($"it answered a question for statistics with '{Shorten(line)}'");
            }
        }

        throw Refuse($"its answer to a question for statistics did not end within {MaxStatistics} lines");
    }

    private void Send(ReadOnlySpan<byte> bytes) => stream.Write(bytes);

    private string ReadText() => Encoding.UTF8.GetString(scanner.ReadLine());

    private MemcacheException Refuse(string why) => new(MemcacheFault.NotConnected, $"memcached server {address} cannot be used: {why}.");

    private static long? Number(Dictionary<string, string> answers, string name, long largest) =>
        long.TryParse(answers.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= largest ? number : null;

    private static string Shorten(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
