namespace CascadeCache.Emulators.Memcached;

/// <summary>The classic fetches: <c>get gets gat gats</c>, any number of keys.</summary>
internal static class ClassicGet
{
    // A line of half a million keys could otherwise ask for more than there is memory.
    private const int LargestReply = 256 * 1024 * 1024;

    public static void Run(CommandContext context, bool withCas, bool touch)
    {
        var line = context.Line;
        if (line.Count < 2)
        {
            context.Fail("ERROR"u8);
            return;
        }

        uint expiry = 0;
        if (touch)
        {
            if (!CNumber.TryInt32(line[1], out var seconds))
            {
                context.Fail("CLIENT_ERROR invalid exptime argument"u8);
                return;
            }

            expiry = context.Store.Clock.ExpiryFrom(seconds);
        }

        var mark = context.Replies.Length;
        for (var i = touch ? 2 : 1; i < line.Count; i++)
        {
            if (line[i].Length > CommandContext.MaxKeyLength)
            {
                // A real server also drops whatever replies to earlier commands it has not sent yet; that helps no client.
                context.Replies.TakeBack(mark);
                context.Fail("CLIENT_ERROR bad command line format"u8);
                return;
            }

            var item = context.Store.Find(line[i]);
            Count(context.Store.Counters, touch, item is not null);
            if (item is not null)
            {
                context.Store.Bump(item);
                item.Expiry = touch ? expiry : item.Expiry;
                Write(context.Replies, item, withCas);
            }

            if (context.Replies.Length - mark > LargestReply)
            {
                context.Replies.TakeBack(mark);
                context.Fail("SERVER_ERROR out of memory writing get response"u8);
                return;
            }
        }

        context.Replies.Line("END"u8);
    }

    private static void Write(ReplyBuffer replies, CacheItem item, bool withCas)
    {
        replies.Text("VALUE "u8).Text(item.Key);
        replies.Text(" "u8).Number(item.ClientFlags).Text(" "u8).Number((ulong)item.Value.Length);
        if (withCas)
        {
            replies.Text(" "u8).Number(item.Cas);
        }

        replies.EndLine().Text(item.Value).EndLine();
    }

    private static void Count(ServerCounters counters, bool touch, bool hit)
    {
        if (touch)
        {
            counters.Touches++;
            counters.TouchHits += hit ? 1 : 0;
            counters.TouchMisses += hit ? 0 : 1;
        }
        else
        {
            counters.Gets++;
            counters.GetHits += hit ? 1 : 0;
            counters.GetMisses += hit ? 0 : 1;
        }
    }
}
