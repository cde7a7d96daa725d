namespace CascadeCache.Emulators.Memcached;

/// <summary>What the meta commands share, and the two small ones: <c>me</c> (look at an item) and <c>mn</c>.</summary>
internal static class MetaCommands
{
    /// <summary>The checks before the flags are read; answers and returns false when one fails.</summary>
    public static bool CheckLine(CommandContext context, ReadOnlySpan<byte> tooManyFlags)
    {
        if (context.Line.Count < 2)
        {
            context.Fail("ERROR"u8);
        }
        else if (context.Line[1].Length > CommandContext.MaxKeyLength)
        {
            context.Fail("CLIENT_ERROR bad command line format"u8);
        }
        else if (context.Line.Count > MetaFlags.MaxWords)
        {
            context.Fail(tooManyFlags);
        }
        else
        {
            return true;
        }

        return false;
    }

    public static void WriteTtl(CommandContext context, CacheItem item)
    {
        if (item.Expiry == 0)
        {
            context.Replies.Text(" t-1"u8);
        }
        else
        {
            // Unsigned 32-bit: a time in the past shows as a huge number.
            context.Replies.Flag('t', unchecked(item.Expiry - context.Store.Clock.Now));
        }
    }

    /// <summary>
    /// Gives back the flags O and k of a reply without an item. An opaque that is too long turns everything since
    /// <paramref name="mark"/> into an error, and false is returned.
    /// </summary>
    public static bool WriteOpaqueAndKey(CommandContext context, int firstFlag, in MetaFlags flags, int mark)
    {
        for (var i = firstFlag; i < context.Line.Count; i++)
        {
            var word = context.Line[i];
            if (word[0] == 'k')
            {
                context.Replies.KeyFlag(flags.Key, flags.KeyIsBinary);
            }
            else if (word[0] == 'O')
            {
                if (word.Length > MetaFlags.MaxOpaqueLength)
                {
                    context.Replies.TakeBack(mark);
                    context.Fail("CLIENT_ERROR opaque token too long"u8);
                    return false;
                }

                context.Replies.Text(" "u8).Text(word);
            }
        }

        return true;
    }

    public static void Nothing(CommandContext context) => context.Fail("MN"u8);

    public static void Debug(CommandContext context)
    {
        var key = context.Line[1];
        var binary = context.Line.Count > 2 && context.Line[2] is [(byte)'b'];
        if (context.Line.Count > 1 && key.Length <= CommandContext.MaxKeyLength && binary)
        {
            key = LooseBase64.Decode(key);
        }

        if (key.Length is 0 or > CommandContext.MaxKeyLength)
        {
            context.Fail("CLIENT_ERROR bad command line format"u8);
            return;
        }

        context.Store.Counters.Metas++;
        if (context.Store.Find(key) is not { } item)
        {
            context.Fail("EN"u8);
            return;
        }

        var replies = context.Replies.Text("ME "u8);
        replies = item.KeyIsBinary ? replies.Base64(item.Key) : replies.Text(item.Key);
        WriteDetails(replies, item, context.Store.Clock.Now);
    }

    private static void WriteDetails(ReplyBuffer replies, CacheItem item, uint now)
    {
        // This version subtracts the wrong way round: the time left is negative, and so is "never".
        replies.Text(item.Expiry == 0 || item.Expiry > now ? " exp=-"u8 : " exp="u8);
        replies.Number(item.Expiry == 0 ? 1 : (ulong)Math.Abs((long)now - item.Expiry));
        replies.Text(" la="u8).Number(now - item.Time);
        replies.Text(" cas="u8).Number(item.Cas);
        replies.Text(item.Fetched ? " fetch=yes"u8 : " fetch=no"u8);
        replies.Text(" cls="u8).Number((ulong)SlabClass.Of(item.Bytes));
        replies.Text(" size="u8).Number((ulong)item.Bytes).EndLine();
    }
}
