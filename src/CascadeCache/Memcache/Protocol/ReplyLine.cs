using System.Buffers.Text;

namespace CascadeCache.Memcache.Protocol;

/// <summary>The two letters, or the word, that a reply line begins with.</summary>
internal enum ReplyCode
{
    /// <summary>Nothing that a meta command answers.</summary>
    Unknown,
    Value,
    Success,
    Miss,
    NotFound,
    NotStored,
    Exists,

    /// <summary>The server could not do it: too large, or no memory. The connection stays in step.</summary>
    ServerError,

    /// <summary>The server did not understand the request. The connection may be out of step.</summary>
    ClientError,
}

/// <summary>
/// One reply line, taken apart. Knows nothing of partial data or of the request: it borrows a whole line, without its CR LF. Runs of blanks count as one and
/// trailing ones are ignored, because 1.6.15 sends them.
/// </summary>
internal ref struct ReplyLine
{
    public ReplyCode Code;

    /// <summary>The value's size from <c>VA</c>, or the item's from the flag <c>s</c>; -1 if there was neither.</summary>
    public long Size;
    public ulong Cas;
    public uint ClientFlags;
    public long TimeToLive;
    public bool IsWon;
    public bool IsTold;
    public bool IsBase64Key;
    public bool HasOpaque;
    public uint Opaque;
    public ReadOnlySpan<byte> Key;

    private uint _seen;

    private static ReadOnlySpan<byte> KnownFlags => "cftsOkWZb"u8;

    /// <returns>False: a flag that we asked for is not what it should be, or is there twice.</returns>
    public static bool TryParse(ReadOnlySpan<byte> line, out ReplyLine reply)
    {
        reply = new ReplyLine { Size = -1, TimeToLive = -1 };
        ReadOnlySpan<byte> rest = line;
        ReadOnlySpan<byte> word = NextWord(ref rest);
        reply.Code = CodeOf(word);
        if (reply.Code is ReplyCode.Unknown or ReplyCode.ServerError or ReplyCode.ClientError)
        {
            return true;
        }

        if (reply.Code == ReplyCode.Value && (!TryNumber(NextWord(ref rest), out reply.Size) || reply.Size < 0))
        {
            return false;
        }

        while (!(word = NextWord(ref rest)).IsEmpty)
        {
            if (!reply.TryFirst(word[0]) || !reply.TryFlag(word[0], word[1..]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the line has this flag; of those that are known.</summary>
    public readonly bool Has(char flag) => (_seen & (1u << KnownFlags.IndexOf((byte)flag))) != 0;

    // Of two keys or two opaques, one would prove a reply that the other one disproves.
    private bool TryFirst(byte flag)
    {
        int index = KnownFlags.IndexOf(flag);
        uint bit = index < 0 ? 0 : 1u << index;
        bool isFirst = (_seen & bit) == 0;
        _seen |= bit;
        return isFirst;
    }

    private bool TryFlag(byte flag, ReadOnlySpan<byte> argument)
    {
        switch (flag)
        {
            case (byte)'c':
                return Utf8Parser.TryParse(argument, out Cas, out int used) && used == argument.Length;
            case (byte)'f':
                return Utf8Parser.TryParse(argument, out ClientFlags, out used) && used == argument.Length;
            case (byte)'t':
                return TryNumber(argument, out TimeToLive) && TimeToLive >= -1;
            case (byte)'s':
                return TryItemSize(argument);
            case (byte)'O':
                HasOpaque = true;
                return Utf8Parser.TryParse(argument, out Opaque, out used) && used == argument.Length;
            case (byte)'k':
                Key = argument;
                return true;
            case (byte)'W':
                IsWon = true;
                return true;
            case (byte)'Z':
                IsTold = true;
                return true;
            case (byte)'b':
                IsBase64Key = true;
                return true;
            default:
                return true; // X, and whatever later versions add
        }
    }

    // Beside VA it can only repeat what VA said: two sizes would be two places where the value ends.
    private bool TryItemSize(ReadOnlySpan<byte> argument)
    {
        bool isSize = TryNumber(argument, out long size) && size >= 0 && (Code != ReplyCode.Value || size == Size);
        Size = size;
        return isSize;
    }

    private static ReplyCode CodeOf(ReadOnlySpan<byte> word)
    {
        if (word.Length == 2)
        {
            return ((char)word[0], (char)word[1]) switch
            {
                ('V', 'A') => ReplyCode.Value,
                ('H', 'D') => ReplyCode.Success,
                ('E', 'N') => ReplyCode.Miss,
                ('N', 'F') => ReplyCode.NotFound,
                ('N', 'S') => ReplyCode.NotStored,
                ('E', 'X') => ReplyCode.Exists,
                _ => ReplyCode.Unknown,
            };
        }

        if (word.SequenceEqual("SERVER_ERROR"u8))
        {
            return ReplyCode.ServerError;
        }

        return word.SequenceEqual("CLIENT_ERROR"u8) || word.SequenceEqual("ERROR"u8) ? ReplyCode.ClientError : ReplyCode.Unknown;
    }

    private static ReadOnlySpan<byte> NextWord(scoped ref ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart((byte)' ');
        int end = rest.IndexOf((byte)' ');
        ReadOnlySpan<byte> word = end < 0 ? rest : rest[..end];
        rest = rest[word.Length..];
        return word;
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, out long number) =>
        Utf8Parser.TryParse(text, out number, out int used) && used == text.Length;
}
