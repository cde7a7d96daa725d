namespace CascadeCache.Emulators.Memcached;

/// <summary><c>ms</c>: the line decides whether the data block is stored, skipped, or (hazard) read as commands.</summary>
internal static class MetaSet
{
    public static void Run(CommandContext context)
    {
        var line = context.Line;
        if (line.Count == 2)
        {
            context.Fail("CLIENT_ERROR bad command line format"u8);
            return;
        }

        if (!MetaCommands.CheckLine(context, "CLIENT_ERROR options flags too long"u8))
        {
            return;
        }

        if (!CNumber.TryInt32(line[2], out var length) || length is < 0 or > int.MaxValue - 2)
        {
            context.Fail("CLIENT_ERROR bad command line format"u8);
            return;
        }

        var flags = MetaFlags.Read(line, 3, context.Store.Clock);
        var error = flags.Error;
        StoreMode mode = default;
        if (error.IsEmpty)
        {
            error = ReadMode(in flags, out mode) ? OpaqueError(line) : "CLIENT_ERROR invalid mode for ms M token"u8;
        }

        if (error.IsEmpty)
        {
            error = Reserve(context.Store, in flags, length);
        }

        if (!error.IsEmpty)
        {
            context.Fail(error);
            context.Swallow = length + 2L;
            return;
        }

        context.Pending = new PendingStore(flags.Key.ToArray(), length)
        {
            Mode = mode,
            ClientFlags = flags.ClientFlags,
            Expiry = flags.Expiry,
            Cas = flags.Cas,
            AllowStale = flags.Invalidate,
            KeyIsBinary = flags.KeyIsBinary,
            Quiet = flags.Quiet,
            MetaReturn = ReturnFlags(line),
        };
    }

    /// <summary>The reply once the data block was stored, or not.</summary>
    public static void Finish(CommandContext context, PendingStore pending, StoreResult result, CacheItem? stored)
    {
        if (result == StoreResult.Stored && pending.Quiet)
        {
            return;
        }

        var replies = context.Replies.Text(result switch
        {
            StoreResult.Stored => "HD"u8,
            StoreResult.Exists => "EX"u8,
            StoreResult.NotFound => "NF"u8,
            _ => "NS"u8,
        });

        ReadOnlySpan<byte> words = pending.MetaReturn;
        foreach (var range in words.Split((byte)' '))
        {
            var word = words[range];
            switch (word.IsEmpty ? ' ' : (char)word[0])
            {
                case 'O':
                    replies.Text(" "u8).Text(word);
                    break;
                case 'k':
                    replies.KeyFlag(pending.Key, pending.KeyIsBinary);
                    break;
                case 'c':
                    replies.Flag('c', stored?.Cas ?? 0);
                    break;
            }
        }

        replies.EndLine();
    }

    private static bool ReadMode(in MetaFlags flags, out StoreMode mode)
    {
        StoreMode? read = flags.Mode switch
        {
            0 or (byte)'S' => StoreMode.Set,
            (byte)'E' => StoreMode.Add,
            (byte)'R' => StoreMode.Replace,
            (byte)'A' => StoreMode.Append,
            (byte)'P' => StoreMode.Prepend,
            _ => null,
        };

        // With C, setting and replacing are the same compare-and-set.
        mode = flags.HasCas && read is (StoreMode.Set or StoreMode.Replace) ? StoreMode.Cas : read.GetValueOrDefault();
        return read is not null;
    }

    private static ReadOnlySpan<byte> OpaqueError(RequestLine line)
    {
        for (var i = 3; i < line.Count; i++)
        {
            if (line[i][0] == 'O' && line[i].Length > MetaFlags.MaxOpaqueLength)
            {
                return "CLIENT_ERROR opaque token too long"u8;
            }
        }

        return default;
    }

    /// <summary>Empty, or why the value cannot be kept; then the old item is gone, whatever C and M say.</summary>
    private static ReadOnlySpan<byte> Reserve(ItemStore store, scoped in MetaFlags flags, int length)
    {
        if (!store.FitsLimit(flags.Key.Length, flags.ClientFlags, length))
        {
            store.Counters.TooLarge++;
            store.Discard(flags.Key);
            return "SERVER_ERROR object too large for cache"u8;
        }

        if (!store.MakeRoom(CacheItem.BytesOf(flags.Key.Length, flags.ClientFlags, length)))
        {
            store.Counters.NoMemory++;
            store.Discard(flags.Key);
            return "SERVER_ERROR out of memory storing object"u8;
        }

        return default;
    }

    private static byte[] ReturnFlags(RequestLine line)
    {
        List<byte> words = [];
        for (var i = 3; i < line.Count; i++)
        {
            if (line[i][0] is (byte)'O' or (byte)'k' or (byte)'c')
            {
                words.AddRange(line[i]);
                words.Add((byte)' ');
            }
        }

        return [.. words];
    }
}
