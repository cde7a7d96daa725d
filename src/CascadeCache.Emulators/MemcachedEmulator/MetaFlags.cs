namespace CascadeCache.Emulators.Memcached;

/// <summary>
/// The flags of one meta command, read before it acts. Which mistake wins when there are several matters: a duplicate or unknown
/// flag ends the reading at once, the others are noted and the last one is told.
/// </summary>
internal ref struct MetaFlags
{
    /// <summary>Command, key and flags (and the length of ms) together: at most this many words.</summary>
    public const int MaxWords = 19;

    /// <summary>The letter O included.</summary>
    public const int MaxOpaqueLength = 32;

    public MetaFlags()
    {
    }

    public bool NoUpdate { get; private set; }

    public bool Vivify { get; private set; }

    public bool WantsValue { get; private set; }

    public bool Invalidate { get; private set; }

    public bool Quiet { get; private set; }

    public bool HasCas { get; private set; }

    public bool HasTtl { get; private set; }

    public bool KeyIsBinary { get; private set; }

    public byte Mode { get; private set; }

    public uint Expiry { get; private set; }

    public uint VivifyExpiry { get; private set; }

    public uint RecacheBelow { get; private set; }

    public uint ClientFlags { get; private set; }

    public ulong Cas { get; private set; }

    public ulong Delta { get; private set; } = 1;

    public ulong Initial { get; private set; }

    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>What is wrong with the flags; empty when nothing is.</summary>
    public ReadOnlySpan<byte> Error { get; private set; }

    public static MetaFlags Read(RequestLine line, int firstFlag, ServerClock clock)
    {
        var flags = new MetaFlags { Key = line[1] };
        Span<bool> seen = stackalloc bool[127];
        seen.Clear();
        for (var i = firstFlag; i < line.Count; i++)
        {
            var letter = line[i][0];
            if (letter >= seen.Length || seen[letter])
            {
                flags.Error = "CLIENT_ERROR duplicate flag"u8;
                break;
            }

            seen[letter] = true;
            if (!flags.ReadOne(letter, line[i], clock))
            {
                flags.Error = "CLIENT_ERROR invalid flag"u8;
                break;
            }
        }

        return flags;
    }

    private bool ReadOne(byte letter, ReadOnlySpan<byte> word, ServerClock clock)
    {
        switch ((char)letter)
        {
            case 'b':
                DecodeKey();
                return true;
            case 'N':
                Vivify = true;
                VivifyExpiry = ReadExpiry(word, clock);
                return true;
            case 'T':
                Expiry = ReadExpiry(word, clock);
                HasTtl = true;
                return true;
            case 'R':
                RecacheBelow = ReadExpiry(word, clock);
                return true;
            case 'v':
                WantsValue = true;
                return true;
            case 'u':
                NoUpdate = true;
                return true;
            case 'q':
                Quiet = true;
                return true;
            case 'I':
                Invalidate = true;
                return true;
            case 'F' or 'C' or 'M' or 'J' or 'D':
                ReadArgument(letter, word);
                return true;
            default:
                return "lhkstcfOPL"u8.Contains(letter);
        }
    }

    private void ReadArgument(byte letter, ReadOnlySpan<byte> word)
    {
        switch ((char)letter)
        {
            case 'F':
                // This mistake has no text of its own: an earlier one keeps its text.
                ClientFlags = CNumber.TryUInt32(word[1..], out var clientFlags) ? clientFlags : 0;
                Note(CNumber.TryUInt32(word[1..], out _), Error.IsEmpty ? "CLIENT_ERROR bad command line format"u8 : Error);
                break;
            case 'C':
                HasCas = CNumber.TryUInt64(word[1..], out var cas);
                Cas = cas;
                Note(HasCas, "CLIENT_ERROR bad token in command line format"u8);
                break;
            case 'M':
                Mode = word.Length == 2 ? word[1] : (byte)0;
                Note(word.Length == 2, "CLIENT_ERROR incorrect length for M token"u8);
                break;
            case 'J':
                Note(CNumber.TryUInt64(word[1..], out var initial), "CLIENT_ERROR invalid numeric initial value"u8);
                Initial = initial;
                break;
            default:
                Note(CNumber.TryUInt64(word[1..], out var delta), "CLIENT_ERROR invalid numeric delta value"u8);
                Delta = delta;
                break;
        }
    }

    private uint ReadExpiry(ReadOnlySpan<byte> word, ServerClock clock)
    {
        var valid = CNumber.TryInt32(word[1..], out var seconds);
        Note(valid, "CLIENT_ERROR bad token in command line format"u8);
        return valid ? clock.ExpiryFrom(seconds) : 0;
    }

    private void DecodeKey()
    {
        KeyIsBinary = true;
        var decoded = LooseBase64.Decode(Key);
        Note(decoded.Length > 0, "CLIENT_ERROR error decoding key"u8);
        Key = decoded;
    }

    private void Note(bool valid, ReadOnlySpan<byte> error)
    {
        if (!valid)
        {
            Error = error;
        }
    }
}
