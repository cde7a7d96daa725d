using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace CascadeCache.Memcache;

/// <summary>Where a memcached server listens, as it was configured: names are resolved at each connect.</summary>
internal sealed record MemcacheServerAddress(string Host, int Port)
{
    public const int DefaultPort = 11211;

    /// <summary>Reads <c>host</c>, <c>host:port</c>, <c>[ipv6]</c> or <c>[ipv6]:port</c>.</summary>
    /// <param name="text">The configured text.</param>
    /// <param name="address">The address.</param>
    /// <param name="fault">What is wrong with the text.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out MemcacheServerAddress? address, [NotNullWhen(false)] out string? fault)
    {
        address = null;
        fault = null;
        string trimmed = text?.Trim() ?? "";
        (string host, string? port) = Split(trimmed);
        int number = DefaultPort;
        if (host.Length == 0 || (Uri.CheckHostName(host) == UriHostNameType.Unknown))
        {
            fault = $"'{text}' is not a memcached server: expected host:port, host or [ipv6]:port.";
        }
        else if (port is not null && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number is < 1 or > 65535))
        {
            fault = $"'{text}' has the port '{port}': expected a number from 1 to 65535.";
        }
        else
        {
            address = new MemcacheServerAddress(host, number);
        }

        return fault is null;
    }

    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
            : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    private static (string Host, string? Port) Split(string text)
    {
        if (text.StartsWith('['))
        {
            int end = text.IndexOf(']', StringComparison.Ordinal);
            return end switch
            {
                < 0 => ("", null),
                _ when end == text.Length - 1 => (text[1..end], null),
                _ when text[end + 1] == ':' => (text[1..end], text[(end + 2)..]),
                _ => ("", null),
            };
        }

        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }
}
