namespace CascadeCache.Emulators.Memcached;

/// <summary>Commands about the server as a whole: <c>flush_all version verbosity lru quit shutdown</c>.</summary>
internal static class ServerCommands
{
    public static void FlushAll(CommandContext context)
    {
        var line = context.Line;
        if (line.Count is < 1 or > 3)
        {
            context.Fail("ERROR"u8);
            return;
        }

        context.ReadNoReply();
        var delay = 0;
        if (line.Count != (context.NoReply ? 2 : 1) && !CNumber.TryInt32(line[1], out delay))
        {
            context.Reply("CLIENT_ERROR invalid exptime argument"u8);
            return;
        }

        context.Store.Flush(delay);
        context.Reply("OK"u8);
    }

    /// <summary>The version is the one whose behaviour is emulated; clients choose by it.</summary>
    public static void Version(CommandContext context) => context.Fail("VERSION 1.6.18"u8);

    public static void Verbosity(CommandContext context)
    {
        if (context.Line.Count is not (2 or 3))
        {
            context.Fail("ERROR"u8);
            return;
        }

        context.ReadNoReply();
        context.Reply(CNumber.TryUInt32(context.Line[1], out _) ? "OK"u8 : "CLIENT_ERROR bad command line format"u8);
    }

    /// <summary>Of the tuning of the LRU only the protection of short-lived items exists: <c>lru temp_ttl n</c>, negative = off.</summary>
    public static void Lru(CommandContext context)
    {
        if (!context.Line[1].SequenceEqual("temp_ttl"u8)
            || context.Line.Count < 3
            || !CNumber.TryInt32(context.Line[2], out var ttl))
        {
            context.Fail("ERROR"u8);
            return;
        }

        context.Store.TemporaryTtl = ttl < 0 ? null : ttl;
        context.Fail("OK"u8);
    }

    public static void Shutdown(CommandContext context) => context.Fail("ERROR: shutdown not enabled"u8);

    public static void Quit(CommandContext context) => context.Closing = true;

    public static void Unknown(CommandContext context)
    {
        // Somebody's browser: a real server hangs up too.
        if (context.Line[context.Line.Count - 1].StartsWith("HTTP/"u8))
        {
            context.Closing = true;
        }
        else
        {
            context.Fail("ERROR"u8);
        }
    }
}
