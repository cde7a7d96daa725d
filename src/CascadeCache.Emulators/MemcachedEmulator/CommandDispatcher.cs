using System.Text;

namespace CascadeCache.Emulators.Memcached;

/// <summary>Runs one command, or the end of one, under the store's lock.</summary>
internal static class CommandDispatcher
{
    /// <summary>A command line without its line end lies at <paramref name="start"/> of <paramref name="buffer"/>.</summary>
    public static void RunLine(CommandContext context, byte[] buffer, int start, int length)
    {
        context.NoReply = false;
        context.Line.Parse(buffer, start, length);
        if (context.Line[0].Length < 2)
        {
            context.Fail("ERROR"u8);
            return;
        }

        // Names are case sensitive, and none is longer than this.
        Span<char> name = stackalloc char[16];
        var nameLength = context.Line[0].Length <= name.Length ? Encoding.Latin1.GetChars(context.Line[0], name) : 0;
        lock (context.Store.Gate)
        {
            Dispatch(context, name[..nameLength]);
        }
    }

    /// <summary>The data block of a storage command is complete.</summary>
    public static void FinishStore(CommandContext context, PendingStore pending)
    {
        if (!pending.IsWellEnded)
        {
            // Whatever came instead of the line end was part of the block; the rest is read as a command.
            if (pending.MetaReturn is not null || !pending.Quiet)
            {
                context.Fail("CLIENT_ERROR bad data chunk"u8);
            }

            return;
        }

        lock (context.Store.Gate)
        {
            var item = new CacheItem(pending.Key, pending.Value, pending.ClientFlags, pending.Expiry)
            {
                KeyIsBinary = pending.KeyIsBinary,
            };
            var result = context.Store.Store(item, pending.Mode, pending.Cas, pending.AllowStale, out var stored);
            if (pending.MetaReturn is null)
            {
                ClassicStore.Finish(context, pending, result);
            }
            else
            {
                MetaSet.Finish(context, pending, result, stored);
            }
        }
    }

    private static void Dispatch(CommandContext context, ReadOnlySpan<char> name)
    {
        switch (name)
        {
            case "mg": MetaGet.Run(context); break;
            case "ms": MetaSet.Run(context); break;
            case "md": MetaDelete.Run(context); break;
            case "ma": MetaArithmetic.Run(context); break;
            case "mn": MetaCommands.Nothing(context); break;
            case "me": MetaCommands.Debug(context); break;
            case "get" or "bget": ClassicGet.Run(context, withCas: false, touch: false); break;
            case "gets": ClassicGet.Run(context, withCas: true, touch: false); break;
            case "gat": ClassicGet.Run(context, withCas: false, touch: true); break;
            case "gats": ClassicGet.Run(context, withCas: true, touch: true); break;
            case "set": ClassicStore.Run(context, StoreMode.Set); break;
            case "add": ClassicStore.Run(context, StoreMode.Add); break;
            case "replace": ClassicStore.Run(context, StoreMode.Replace); break;
            case "append": ClassicStore.Run(context, StoreMode.Append); break;
            case "prepend": ClassicStore.Run(context, StoreMode.Prepend); break;
            case "cas": ClassicStore.Run(context, StoreMode.Cas); break;
            case "delete": ClassicChanges.Delete(context); break;
            case "touch": ClassicChanges.Touch(context); break;
            case "incr": ClassicChanges.Count(context, up: true); break;
            case "decr": ClassicChanges.Count(context, up: false); break;
            case "flush_all": ServerCommands.FlushAll(context); break;
            case "version": ServerCommands.Version(context); break;
            case "verbosity": ServerCommands.Verbosity(context); break;
            case "lru": ServerCommands.Lru(context); break;
            case "stats": StatsCommand.Run(context); break;
            case "shutdown": ServerCommands.Shutdown(context); break;
            case "quit": ServerCommands.Quit(context); break;
            default: ServerCommands.Unknown(context); break;
        }
    }
}
