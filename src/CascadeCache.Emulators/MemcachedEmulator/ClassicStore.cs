namespace CascadeCache.Emulators.Memcached;

/// <summary>The classic storage commands: <c>set add replace append prepend cas</c>.</summary>
internal static class ClassicStore
{
    public static void Run(CommandContext context, StoreMode mode)
    {
        var line = context.Line;
        var words = mode == StoreMode.Cas ? 6 : 5;
        if (line.Count != words && line.Count != words + 1)
        {
            context.Fail("ERROR"u8);
            return;
        }

        context.ReadNoReply();
        ulong cas = 0;
        if (line[1].Length > CommandContext.MaxKeyLength
            || !CNumber.TryUInt32(line[2], out var clientFlags)
            || !CNumber.TryInt32(line[3], out var seconds)
            || !CNumber.TryInt32(line[4], out var length)
            || (mode == StoreMode.Cas && !CNumber.TryUInt64(line[5], out cas))
            || length is < 0 or > int.MaxValue - 2)
        {
            context.Reply("CLIENT_ERROR bad command line format"u8);
            return;
        }

        if (!Reserve(context, mode, clientFlags, length))
        {
            context.Swallow = length + 2L;
            return;
        }

        context.Pending = new PendingStore(line[1].ToArray(), length)
        {
            Mode = mode,
            ClientFlags = clientFlags,
            Expiry = context.Store.Clock.ExpiryFrom(seconds),
            Cas = cas,
            Quiet = context.NoReply,
        };
    }

    public static void Finish(CommandContext context, PendingStore pending, StoreResult result)
    {
        if (pending.Quiet)
        {
            return;
        }

        context.Replies.Line(result switch
        {
            StoreResult.Stored => "STORED"u8,
            StoreResult.Exists => "EXISTS"u8,
            StoreResult.NotFound => "NOT_FOUND"u8,
            _ => "NOT_STORED"u8,
        });
    }

    private static bool Reserve(CommandContext context, StoreMode mode, uint clientFlags, int length)
    {
        var store = context.Store;
        var key = context.Line[1];
        if (!store.FitsLimit(key.Length, clientFlags, length))
        {
            store.Counters.TooLarge++;
            context.Reply("SERVER_ERROR object too large for cache"u8);
        }
        else if (!store.MakeRoom(CacheItem.BytesOf(key.Length, clientFlags, length)))
        {
            store.Counters.NoMemory++;
            context.Reply("SERVER_ERROR out of memory storing object"u8);
        }
        else
        {
            return true;
        }

        if (mode == StoreMode.Set)
        {
            store.Discard(key);
        }

        return false;
    }
}
