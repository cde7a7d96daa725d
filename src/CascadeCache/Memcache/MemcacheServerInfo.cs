using System.Globalization;

namespace CascadeCache.Memcache;

/// <summary>What a server said about itself when the connection was made.</summary>
/// <param name="Version">Its version.</param>
/// <param name="ItemSizeMax">The largest item, key and overhead included, in bytes.</param>
/// <param name="Uptime">Seconds since its start, as it counts them; null if it did not say.</param>
/// <param name="ClockOffset">Its clock less ours.</param>
/// <param name="AskedAt">When it was asked; a timestamp.</param>
internal sealed record MemcacheServerInfo(Version Version, long ItemSizeMax, TimeSpan? Uptime, TimeSpan ClockOffset, long AskedAt)
{
    /// <summary>The oldest version whose compare-and-delete works and whose failed writes do not echo the token.</summary>
    public static readonly Version Oldest = new(1, 6, 13);

    public const long DefaultItemSizeMax = 1024 * 1024;

    /// <summary>The largest limit that memcached can be started with; whatever more a server says it is, it is no memcached.</summary>
    public const long LargestItemSizeMax = 1024 * 1024 * 1024;

    /// <summary>
    /// Bytes of an item beside key and value: 48 of header, 8 of token, 4 of client flags, 3 of separators.
    /// Source: measured with <c>me</c> on 1.6.15 to 1.6.45.
    /// </summary>
    public const int ItemOverhead = 63;

    // A server shows 2 right after its start.
    private static readonly TimeSpan UptimeError = TimeSpan.FromSeconds(3);

    /// <summary>Whether misses carry key and opaque.</summary>
    public bool NamesMisses => Version >= new Version(1, 6, 18);

    public TimeSpan? MinimumAge(TimeProvider time) =>
        Uptime is { } uptime ? Max(TimeSpan.Zero, uptime - UptimeError) + time.GetElapsedTime(AskedAt) : null;

    /// <summary>The numbers that a version text begins with; vendors append to it.</summary>
    public static Version? ParseVersion(string text)
    {
        int[] numbers = new int[3];
        string[] parts = text.Split('.', 3);
        for (int i = 0; i < numbers.Length; i++)
        {
            string digits = i < parts.Length ? new string([.. parts[i].TakeWhile(char.IsAsciiDigit)]) : "";
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return null;
            }
        }

        return new Version(numbers[0], numbers[1], numbers[2]);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
