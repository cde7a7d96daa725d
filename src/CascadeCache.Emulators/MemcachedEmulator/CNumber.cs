namespace CascadeCache.Emulators.Memcached;

/// <summary>
/// Numbers as the C library reads them, which is what decides what a real server accepts: leading white space and a sign are
/// allowed, the number ends at white space or at the end, 64-bit overflow is an error, narrowing to 32 bits wraps silently.
/// </summary>
internal static class CNumber
{
    public static bool TryInt32(ReadOnlySpan<byte> text, out int number)
    {
        number = 0;
        if (!TryMagnitude(text, out var magnitude, out var negative))
        {
            return false;
        }

        if (magnitude > (negative ? 1UL << 63 : long.MaxValue))
        {
            return false;
        }

        number = unchecked((int)(negative ? 0UL - magnitude : magnitude));
        return true;
    }

    public static bool TryUInt32(ReadOnlySpan<byte> text, out uint number)
    {
        var valid = TryUInt64(text, out var wide);
        number = unchecked((uint)wide);
        return valid;
    }

    public static bool TryUInt64(ReadOnlySpan<byte> text, out ulong number)
    {
        number = 0;
        if (!TryMagnitude(text, out var magnitude, out var negative))
        {
            return false;
        }

        var value = negative ? unchecked(0UL - magnitude) : magnitude;
        if (value > long.MaxValue && text.Contains((byte)'-'))
        {
            return false;
        }

        number = value;
        return true;
    }

    private static bool TryMagnitude(ReadOnlySpan<byte> text, out ulong magnitude, out bool negative)
    {
        magnitude = 0;
        negative = false;
        var i = 0;
        while (i < text.Length && IsSpace(text[i]))
        {
            i++;
        }

        if (i < text.Length && text[i] is (byte)'+' or (byte)'-')
        {
            negative = text[i++] == '-';
        }

        var first = i;
        for (; i < text.Length && text[i] is >= (byte)'0' and <= (byte)'9'; i++)
        {
            var digit = (ulong)(text[i] - '0');
            if (magnitude > (ulong.MaxValue - digit) / 10)
            {
                return false;
            }

            magnitude = (magnitude * 10) + digit;
        }

        return i > first && (i == text.Length || IsSpace(text[i]) || text[i] == 0);
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or (>= 9 and <= 13);
}
