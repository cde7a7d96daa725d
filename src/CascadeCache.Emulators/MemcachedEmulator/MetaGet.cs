namespace CascadeCache.Emulators.Memcached;

/// <summary><c>mg</c>: fetch, touch, lease (N), early recache (R).</summary>
internal static class MetaGet
{
    public static void Run(CommandContext context)
    {
        var line = context.Line;
        if (!MetaCommands.CheckLine(context, "CLIENT_ERROR options flags are too long"u8))
        {
            return;
        }

        var store = context.Store;
        var flags = MetaFlags.Read(line, 2, store.Clock);
        if (!flags.Error.IsEmpty)
        {
            context.Fail(flags.Error);
            return;
        }

        var item = store.Find(flags.Key);
        var created = item is null && flags.Vivify;
        item ??= created ? Vivify(store, flags.Key) : null;
        if (item is null)
        {
            Miss(context, in flags);
        }
        else
        {
            Hit(context, in flags, item, created);
        }
    }

    private static CacheItem? Vivify(ItemStore store, ReadOnlySpan<byte> key)
    {
        if (!store.MakeRoom(CacheItem.BytesOf(key.Length, 0, 0)))
        {
            return null;
        }

        var item = new CacheItem(key.ToArray(), [], 0, 0);
        store.Link(item);
        return item;
    }

    private static void Hit(CommandContext context, in MetaFlags flags, CacheItem item, bool created)
    {
        var replies = context.Replies;
        var mark = replies.Length;
        if (flags.WantsValue)
        {
            replies.Text("VA "u8).Number((ulong)item.Value.Length);
        }
        else
        {
            replies.Text("HD"u8);
        }

        var won = false;
        for (var i = 2; i < context.Line.Count; i++)
        {
            var word = context.Line[i];
            if (word[0] == 'O' && word.Length > MetaFlags.MaxOpaqueLength)
            {
                // Found this late, it leaves behind whatever the flags before it did.
                replies.TakeBack(mark);
                context.Fail("CLIENT_ERROR opaque token too long"u8);
                return;
            }

            won |= ApplyFlag(context, in flags, item, created, word);
        }

        EndLine(replies, item, won);
        if (flags.WantsValue)
        {
            replies.Text(item.Value).EndLine();
        }

        if (!flags.NoUpdate)
        {
            context.Store.Bump(item);
        }

        Count(context.Store.Counters, flags.HasTtl, hit: true);
    }

    /// <summary>Acts on one flag, in the order of the request; true when it makes this client the winner of the lease.</summary>
    private static bool ApplyFlag(
        CommandContext context, in MetaFlags flags, CacheItem item, bool created, ReadOnlySpan<byte> word)
    {
        switch ((char)word[0])
        {
            case 'T':
                item.Expiry = flags.Expiry;
                return false;
            case 'N' when created:
                item.Expiry = flags.VivifyExpiry;
                return true;
            case 'R':
                return !item.TokenSent && !created && item.Expiry != 0 && item.Expiry < flags.RecacheBelow;
            default:
                WriteFlag(context, item, word);
                return false;
        }
    }

    private static void WriteFlag(CommandContext context, CacheItem item, ReadOnlySpan<byte> word)
    {
        var replies = context.Replies;
        switch ((char)word[0])
        {
            case 's':
                replies.Flag('s', (ulong)item.Value.Length);
                break;
            case 't':
                MetaCommands.WriteTtl(context, item);
                break;
            case 'c':
                replies.Flag('c', item.Cas);
                break;
            case 'f':
                replies.Flag('f', item.ClientFlags);
                break;
            case 'l':
                replies.Flag('l', context.Store.Clock.Now - item.Time);
                break;
            case 'h':
                replies.Flag('h', item.Fetched ? 1UL : 0UL);
                break;
            case 'O':
                replies.Text(" "u8).Text(word);
                break;
            case 'k':
                replies.KeyFlag(item.Key, item.KeyIsBinary);
                break;
        }
    }

    private static void EndLine(ReplyBuffer replies, CacheItem item, bool won)
    {
        if (item.TokenSent)
        {
            replies.Flag('Z');
        }

        if (item.Stale)
        {
            replies.Flag('X');
            won |= !item.TokenSent;
        }

        if (won)
        {
            replies.Flag('W');
            item.TokenSent = true;
        }

        replies.EndLine();
    }

    private static void Miss(CommandContext context, in MetaFlags flags)
    {
        Count(context.Store.Counters, touch: false, hit: false);
        var mark = context.Replies.Length;
        context.Replies.Text("EN"u8);
        if (MetaCommands.WriteOpaqueAndKey(context, 2, in flags, mark))
        {
            context.Replies.EndLine();
            if (flags.Quiet)
            {
                context.Replies.TakeBack(mark);
            }
        }
    }

    private static void Count(ServerCounters counters, bool touch, bool hit)
    {
        if (touch)
        {
            counters.Touches++;
            counters.TouchHits++;
            return;
        }

        counters.Gets++;
        counters.GetHits += hit ? 1 : 0;
        counters.GetMisses += hit ? 0 : 1;
    }
}
