using System.Globalization;
using System.Text;

namespace CascadeCache.Emulators.Memcached;

/// <summary><c>stats</c> and <c>stats settings</c>: those lines of a real server's answer that mean something here.</summary>
internal static class StatsCommand
{
    public static void Run(CommandContext context)
    {
        var topic = context.Line[1];
        if (topic.IsEmpty)
        {
            Server(context);
            Counters(context);
        }
        else if (topic.SequenceEqual("settings"u8))
        {
            Settings(context);
        }
        else if (topic.SequenceEqual("reset"u8))
        {
            context.Store.ResetCounters();
            context.Fail("RESET"u8);
            return;
        }
        else if (!topic.SequenceEqual("items"u8) && !topic.SequenceEqual("slabs"u8) && !topic.SequenceEqual("conns"u8))
        {
            context.Fail("ERROR"u8);
            return;
        }

        context.Replies.Line("END"u8);
    }

    private static void Server(CommandContext context)
    {
        var clock = context.Store.Clock;
        Number(context, "pid", context.Facts.ProcessId);
        Number(context, "uptime", clock.Now);
        Number(context, "time", clock.NowUnixSeconds);
        Text(context, "version", "1.6.18");
        Number(context, "pointer_size", IntPtr.Size * 8);
        Number(context, "max_connections", 1024);
        Number(context, "curr_connections", context.Facts.CurrentConnections);
        Number(context, "total_connections", context.Facts.TotalConnections);
        Number(context, "rejected_connections", 0);
        Number(context, "limit_maxbytes", context.Store.MaxBytes);
        Number(context, "accepting_conns", 1);
        Number(context, "bytes", context.Store.Bytes);
        Number(context, "curr_items", context.Store.Count);
    }

    private static void Counters(CommandContext context)
    {
        var counters = context.Store.Counters;
        Number(context, "cmd_get", counters.Gets);
        Number(context, "cmd_set", counters.Sets);
        Number(context, "cmd_flush", counters.Flushes);
        Number(context, "cmd_touch", counters.Touches);
        Number(context, "cmd_meta", counters.Metas);
        Number(context, "get_hits", counters.GetHits);
        Number(context, "get_misses", counters.GetMisses);
        Number(context, "get_expired", counters.GetExpired);
        Number(context, "get_flushed", counters.GetFlushed);
        Number(context, "delete_misses", counters.DeleteMisses);
        Number(context, "delete_hits", counters.DeleteHits);
        Number(context, "incr_misses", counters.IncrMisses);
        Number(context, "incr_hits", counters.IncrHits);
        Number(context, "decr_misses", counters.DecrMisses);
        Number(context, "decr_hits", counters.DecrHits);
        Number(context, "cas_misses", counters.CasMisses);
        Number(context, "cas_hits", counters.CasHits);
        Number(context, "cas_badval", counters.CasBadValues);
        Number(context, "touch_hits", counters.TouchHits);
        Number(context, "touch_misses", counters.TouchMisses);
        Number(context, "store_too_large", counters.TooLarge);
        Number(context, "store_no_memory", counters.NoMemory);
        Number(context, "total_items", counters.TotalItems);
        Number(context, "evictions", counters.Evictions);
    }

    private static void Settings(CommandContext context)
    {
        Number(context, "maxbytes", context.Store.MaxBytes);
        Number(context, "maxconns", 1024);
        Number(context, "tcpport", context.Facts.Port);
        Number(context, "udpport", 0);
        Text(context, "inter", context.Facts.Address);
        Text(context, "evictions", "on");
        Text(context, "shutdown_command", "no");
        Text(context, "cas_enabled", "yes");
        Text(context, "binding_protocol", "ascii");
        Text(context, "auth_enabled_sasl", "no");
        Text(context, "auth_enabled_ascii", "no");
        Number(context, "item_size_max", context.Store.MaxItemBytes);
        Text(context, "flush_enabled", "yes");
        Text(context, "temp_lru", context.Store.TemporaryTtl is null ? "no" : "yes");
        Number(context, "temporary_ttl", context.Store.TemporaryTtl ?? 61);
        Number(context, "idle_timeout", 0);
        Text(context, "ssl_enabled", "no");
    }

    private static void Number(CommandContext context, string name, long value) =>
        Text(context, name, value.ToString(CultureInfo.InvariantCulture));

    private static void Text(CommandContext context, string name, string value) =>
        context.Replies.Line(Encoding.ASCII.GetBytes($"STAT {name} {value}"));
}
