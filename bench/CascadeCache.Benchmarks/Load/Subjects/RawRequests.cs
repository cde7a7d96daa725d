using System.Globalization;
using System.Text;
using CascadeCache.Entries;

namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary>The bytes of requests as the client sends them, made before the measurement; only the opaque is written for each.</summary>
internal sealed class RawRequests
{
    // The number of an opaque has ten digits at most, then the line ends.
    public const int LongestLine = 400;

    private readonly byte[][] _heads;
    private readonly byte[] _tail;

    private RawRequests(byte[][] heads, byte[] tail) => (_heads, _tail) = (heads, tail);

    /// <summary>What follows a request's line; empty for a read.</summary>
    public ReadOnlyMemory<byte> Tail => _tail;

    /// <summary>Reads of what the cache has stored.</summary>
    public static RawRequests Reads(DataSet data) => new(Heads(data, new CascadeCacheOptions().KeyPrefix, "mg {0} v c f t k O"), []);

    /// <summary>Writes as long as the cache's own, under keys that are not its.</summary>
    public static RawRequests Writes(DataSet data)
    {
        int size = EntryFormat.HeaderSize + data.Size;
        byte[] tail = [.. new byte[size], .. "\r\n"u8];
        string form = string.Create(CultureInfo.InvariantCulture, $"ms {{0}} {size} F1 T43200 c k O");
        return new RawRequests(Heads(data, "raw....:", form), tail);
    }

    /// <summary>Writes the line of one request and returns its length.</summary>
    public int WriteLine(Span<byte> to, int item, uint opaque)
    {
        byte[] head = _heads[item];
        head.CopyTo(to);
        opaque.TryFormat(to[head.Length..], out int digits, default, CultureInfo.InvariantCulture);
        "\r\n"u8.CopyTo(to[(head.Length + digits)..]);
        return head.Length + digits + 2;
    }

    private static byte[][] Heads(DataSet data, string prefix, string form) =>
        [.. data.Keys.Select(key => Encoding.ASCII.GetBytes(string.Format(CultureInfo.InvariantCulture, form, prefix + key)))];
}
