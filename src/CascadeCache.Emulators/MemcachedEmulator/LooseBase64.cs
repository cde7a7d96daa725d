using System.Buffers.Text;

namespace CascadeCache.Emulators.Memcached;

/// <summary>
/// Base64 as the server reads it: bytes outside the alphabet are skipped, the rest must come in fours, and what follows the first
/// padded group is not looked at.
/// </summary>
internal static class LooseBase64
{
    /// <summary>The decoded bytes; empty when <paramref name="text"/> is not base64.</summary>
    public static byte[] Decode(ReadOnlySpan<byte> text)
    {
        Span<byte> kept = stackalloc byte[text.Length];
        var count = 0;
        foreach (var b in text)
        {
            if (IsDigit(b) || b == '=')
            {
                kept[count++] = b;
            }
        }

        kept = kept[..count];
        if (count == 0 || count % 4 != 0)
        {
            return [];
        }

        var padding = kept.IndexOf((byte)'=');
        if (padding < 0)
        {
            return DecodeGroups(kept, 0);
        }

        kept = kept[..((padding / 4 * 4) + 4)];
        var padded = kept.Count((byte)'=');
        kept.Replace((byte)'=', (byte)'A');
        return padded > 2 ? [] : DecodeGroups(kept, padded);
    }

    private static byte[] DecodeGroups(ReadOnlySpan<byte> digits, int padded)
    {
        var bytes = new byte[digits.Length / 4 * 3];
        Base64.DecodeFromUtf8(digits, bytes, out _, out var written);
        return bytes[..(written - padded)];
    }

    private static bool IsDigit(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'+' or (byte)'/';
}
