using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using CascadeCache.Entries;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Fuzz.Targets;

/// <summary>
/// The input is a key, as UTF-16 code units: whatever it is, each request about it is exactly one command about exactly the name that its text stands for. And it
/// is a key's bytes: they are refused, or each request is one command about them.
/// </summary>
/// <param name="write">How a request is written; null: as the connection writes it. For writers that are broken on purpose.</param>
internal sealed class KeyTarget(KeyTarget.WriteRequest? write = null) : IFuzzTarget
{
    internal delegate void WriteRequest(OutgoingBuffer to, string text, MemcacheRequest request, uint opaque);

    private const uint Opaque = 4_000_000_000;
    private const string HashMarker = "#sha256:";

    private static readonly byte[] Head = "\r\nmd victim\r\n"u8.ToArray();
    private readonly WriteRequest _write = write ?? ((to, _, request, opaque) => RequestWriter.Write(to, request, opaque));

    public string Name => "key";

    public bool IsText => false;

    public IReadOnlyList<byte[]> Tokens { get; } =
    [
        .. new[] { "\r\n", "\n", " ", "\0", "\t", "\u007F", "\r\nmd victim\r\n", " 0\r\n", "#sha256:", "\uD800", "\uDC00", "\u0120", "session.", new string('k', 120) }.Select(ToBytes),
        "\r\nmd x\r\n"u8.ToArray(),
    ];

    public static byte[] ToBytes(string text) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()).ToArray();

    public long MaxAllocatedBytes(int inputLength) => (256 * 1024) + (100L * inputLength);

    public string Run(ReadOnlyMemory<byte> input)
    {
        var text = new string(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, char>(input.Span));
        string name = NameOf(text);
        CheckRequests(text, new MemcacheKey(new CacheKey(text).VolatileName), name);

        bool isAccepted = input.Length is > 0 and <= 250 && !input.Span.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E);
        try
        {
            var raw = new MemcacheKey(input);
            PropertyException.Require(isAccepted, "a key was accepted that memcached does not hold");
            CheckRequests(Encoding.Latin1.GetString(input.Span), raw, Encoding.Latin1.GetString(input.Span));
        }
        catch (ArgumentException)
        {
            PropertyException.Require(!isAccepted, "a key was refused that memcached holds");
        }

        return $"{name.StartsWith(HashMarker, StringComparison.Ordinal)} {isAccepted} {Math.Min(text.Length, 300) / 50} {text.Any(char.IsControl)} {text.Any(char.IsSurrogate)}";
    }

    private void CheckRequests(string text, MemcacheKey key, string name)
    {
        var set = new MemcacheSet(Head, new ReadOnlySequence<byte>(key.Bytes), uint.MaxValue, long.MaxValue);
        var token = new CasToken(ulong.MaxValue, 1);
        Check(text, new MemcacheRequest(RequestKind.Get, key, new MemcacheGet(true, 10), default, null), $"mg {name} v c f t N10 k O4000000000");
        Check(text, new MemcacheRequest(RequestKind.Get, key, new MemcacheGet(false, 0), default, null), $"mg {name} s c f t k O4000000000");
        Check(text, new MemcacheRequest(RequestKind.Delete, key, default, default, null), $"md {name} k O4000000000");
        Check(text, new MemcacheRequest(RequestKind.Delete, key, default, default, token), $"md {name} C18446744073709551615 k O4000000000");
        Check(text, new MemcacheRequest(RequestKind.Set, key, default, set, token), $"ms {name} {set.Size} C18446744073709551615 F4294967295 T9223372036854775807 c k O4000000000");
    }

    private void Check(string text, in MemcacheRequest request, string expected)
    {
        var buffer = new OutgoingBuffer();
        _write(buffer, text, request, Opaque);
        using var stream = new MemoryStream();
        buffer.WriteTo(stream, endsRecords: false);
        IReadOnlyList<string> commands = StrictCommands.Of(stream.ToArray(), out bool isWhole);
        PropertyException.Require(isWhole && commands.Count == 1 && commands[0] == expected, $"not one command '{expected}', but: {string.Join(" | ", commands)}");
    }

    // Written down anew, so that a mistake in the code under test is not made here too.
    private static string NameOf(string text)
    {
        bool isPlain = text.Length is >= 1 and <= 250 && !text.StartsWith(HashMarker, StringComparison.Ordinal) && text.All(static c => c > ' ' && c < '\u007F');
        return isPlain ? text : HashMarker + Convert.ToBase64String(SHA256.HashData(ToBytes(text))).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }
}
