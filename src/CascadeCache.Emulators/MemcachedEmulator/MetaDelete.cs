namespace CascadeCache.Emulators.Memcached;

/// <summary><c>md</c>: delete, or with I mark stale.</summary>
internal static class MetaDelete
{
    public static void Run(CommandContext context)
    {
        if (!MetaCommands.CheckLine(context, "CLIENT_ERROR options flags too long"u8))
        {
            return;
        }

        var store = context.Store;
        var flags = MetaFlags.Read(context.Line, 2, store.Clock);
        if (!flags.Error.IsEmpty)
        {
            context.Fail("CLIENT_ERROR invalid or duplicate flag"u8);
            return;
        }

        // The flags given back are checked before anything is deleted; the status goes in front of them.
        var replies = context.Replies;
        var mark = replies.Length;
        var item = store.Find(flags.Key);
        var mismatch = item is not null && flags.HasCas && flags.Cas != item.Cas;
        replies.Text(item is null ? "NF"u8 : mismatch ? "EX"u8 : "HD"u8);
        if (!MetaCommands.WriteOpaqueAndKey(context, 2, in flags, mark))
        {
            return;
        }

        replies.EndLine();
        if (item is null || mismatch)
        {
            store.Counters.DeleteMisses++;
            return;
        }

        Apply(store, in flags, item);
        if (flags.Quiet)
        {
            replies.TakeBack(mark);
        }
    }

    private static void Apply(ItemStore store, in MetaFlags flags, CacheItem item)
    {
        if (!flags.Invalidate)
        {
            store.Counters.DeleteHits++;
            store.Remove(item);
            return;
        }

        if (flags.HasTtl)
        {
            item.Expiry = flags.Expiry;
        }

        item.Stale = true;
        item.TokenSent = false;
        item.Cas = store.NextCas();
    }
}
