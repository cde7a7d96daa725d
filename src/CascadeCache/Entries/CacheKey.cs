using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.IO.Hashing;

namespace CascadeCache.Entries;

/// <summary>
/// One key of the cache, prefix included, with the names under which the two tiers know it. Any string is a key: the empty one, one with control
/// characters or unpaired surrogates, one of any length. A name that a tier cannot hold is replaced by its SHA-256, and the two forms can never
/// meet: a text that looks like such a hash is hashed itself.
/// </summary>
/// <remarks>Immutable, and shared by operations and threads.</remarks>
internal sealed class CacheKey
{
    /// <summary>memcached's limit; a name of up to this many printable ASCII bytes goes as it is.</summary>
    public const int MaxVolatileNameBytes = 250;

    /// <summary>Datastore's limit for a key name in bytes of UTF-8.</summary>
    public const int MaxDurableNameBytes = 1500;

    private const string HashMarker = "#sha256:";

    // "#" and the number of a part, which has at most two digits.
    private const int MaxPartSuffixBytes = 3;

    private static readonly SearchValues<char> Printable = SearchValues.Create(PrintableAscii());
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private string? _durableName;

    /// <param name="text">Prefix and key.</param>
    /// <param name="scope">What else decides whether two caches share entries (database, namespace, kind); part of <see cref="Fingerprint"/>.</param>
    public CacheKey(string text, long scope = 0)
    {
        Text = text;
        Fingerprint = (long)XxHash3.HashToUInt64(TextBytes, scope);
        Scope = scope;
        VolatileName = FitsVolatile(text) ? Encoding.ASCII.GetBytes(text) : Encoding.ASCII.GetBytes(Hashed(text));
    }

    /// <summary>Prefix and key as the application gave them. Never logged: it can be a credential.</summary>
    public string Text { get; }

    /// <summary>What else decides whether two caches share entries.</summary>
    public long Scope { get; }

    /// <summary>The name in the volatile tier: 1 to 250 bytes, each 0x21 to 0x7E.</summary>
    public ReadOnlyMemory<byte> VolatileName { get; }

    /// <summary>The name in the durable tier: 1 to 1,500 bytes of valid UTF-8, not of the reserved form <c>__*__</c>.</summary>
    public string DurableName => _durableName ??= FitsDurable(Text) ? Text : Hashed(Text);

    /// <summary>Whether <see cref="DurableName"/> is a hash, so that the full key has to be stored beside the value and compared.</summary>
    public bool IsDurableNameHashed => !ReferenceEquals(DurableName, Text);

    /// <summary>The name of a part of the value in the durable tier, from 1 on; a name that would become too long for the tier is hashed.</summary>
    public string DurablePartName(int index)
    {
        string name = Encoding.UTF8.GetByteCount(DurableName) <= MaxDurableNameBytes - MaxPartSuffixBytes ? DurableName : Hashed(Text);
        return string.Create(CultureInfo.InvariantCulture, $"{name}#{index}");
    }

    /// <summary>The UTF-16 code units of <see cref="Text"/> as bytes: the one form that keeps every string apart from every other.</summary>
    public ReadOnlySpan<byte> TextBytes => MemoryMarshal.AsBytes(Text.AsSpan());

    /// <summary>Seeds the checksum of what is stored under this key, so that one key's bytes are never taken for another's.</summary>
    public long Fingerprint { get; }

    private static bool FitsVolatile(string text) =>
        text.Length is > 0 and <= MaxVolatileNameBytes
        && !text.StartsWith(HashMarker, StringComparison.Ordinal)
        && text.AsSpan().IndexOfAnyExcept(Printable) < 0;

    private static bool FitsDurable(string text)
    {
        if (text.Length is 0 or > MaxDurableNameBytes
            || text.StartsWith(HashMarker, StringComparison.Ordinal)
            || (text.StartsWith("__", StringComparison.Ordinal) && text.EndsWith("__", StringComparison.Ordinal)))
        {
            return false;
        }

        try
        {
            return StrictUtf8.GetByteCount(text) <= MaxDurableNameBytes;
        }
        catch (EncoderFallbackException)
        {
            return false; // an unpaired surrogate has no UTF-8 form; U+FFFD in its place would make different keys one
        }
    }

    private static string Hashed(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(text.AsSpan()), hash);
        return HashMarker + Base64Url.EncodeToString(hash);
    }

    private static string PrintableAscii()
    {
        Span<char> all = stackalloc char[0x7E - 0x21 + 1];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = (char)(0x21 + i);
        }

        return new string(all);
    }
}
