namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>The classic commands and those about the server.</summary>
internal static class ClassicTranscripts
{
    public static IReadOnlyList<Transcript> All { get; } =
    [
        new("get and gets", "get k⏎set k 5 0 3⏎abc⏎set j 0 0 1⏎x⏎get k⏎get k z j k⏎gets k j⏎",
            "END⏎STORED⏎STORED⏎VALUE k 5 3⏎abc⏎END⏎VALUE k 5 3⏎abc⏎VALUE j 0 1⏎x⏎VALUE k 5 3⏎abc⏎END⏎VALUE k 5 3 1⏎abc⏎VALUE j 0 1 2⏎x⏎END⏎"),
        new("get of many keys", $"set k 0 0 1⏎x⏎get {string.Join(' ', Enumerable.Repeat("k", 60))}⏎",
            $"STORED⏎{string.Concat(Enumerable.Repeat("VALUE k 0 1⏎x⏎", 60))}END⏎"),
        new("gat and gats", "gat 50 k⏎set k 0 0 1⏎x⏎gat 50 k⏎mg k t⏎gats 60 k z⏎mg k t⏎gat -1 k⏎get k⏎gat x k⏎gat 5⏎gat⏎",
            "END⏎STORED⏎VALUE k 0 1⏎x⏎END⏎HD t50⏎VALUE k 0 1 1⏎x⏎END⏎HD t60⏎VALUE k 0 1⏎x⏎END⏎END⏎"
            + "CLIENT_ERROR invalid exptime argument⏎END⏎ERROR⏎"),
        new("add replace append prepend", "replace k 0 0 1⏎x⏎append k 0 0 1⏎x⏎prepend k 0 0 1⏎x⏎add k 7 0 1⏎b⏎add k 0 0 1⏎x⏎append k 0 0 1⏎c⏎prepend k 0 0 1⏎a⏎get k⏎replace k 0 0 1⏎z⏎get k⏎",
            "NOT_STORED⏎NOT_STORED⏎NOT_STORED⏎STORED⏎NOT_STORED⏎STORED⏎STORED⏎VALUE k 7 3⏎abc⏎END⏎STORED⏎VALUE k 0 1⏎z⏎END⏎"),
        new("cas", "cas k 0 0 1 1⏎x⏎set k 0 0 1⏎x⏎cas k 0 0 1 9⏎y⏎cas k 0 0 1 0⏎y⏎cas k 0 0 1 1⏎y⏎gets k⏎cas k 0 0 1 2 noreply⏎z⏎gets k⏎",
            "NOT_FOUND⏎STORED⏎EXISTS⏎EXISTS⏎STORED⏎VALUE k 0 1 2⏎y⏎END⏎VALUE k 0 1 3⏎z⏎END⏎"),
        new("noreply", "set k 0 0 1 noreply⏎x⏎add k 0 0 1 noreply⏎y⏎append k 0 0 1 noreply⏎y⏎incr k 1 noreply⏎touch k 50 noreply⏎mg k v t⏎delete k noreply⏎delete k noreply⏎get k⏎flush_all noreply⏎flush_all 0 noreply⏎verbosity 1 noreply⏎",
            "VA 2 t50⏎xy⏎END⏎"),
        new("delete", "delete k⏎set k 0 0 1⏎x⏎delete k⏎delete k 0⏎delete k 0 noreply⏎delete k 1⏎delete k 1 noreply⏎delete k x y⏎delete⏎",
            "NOT_FOUND⏎STORED⏎DELETED⏎NOT_FOUND⏎CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]⏎"
            + "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]⏎ERROR⏎"),
        new("incr and decr", "incr n 1⏎set n 0 0 2⏎10⏎incr n 5⏎decr n 6⏎get n⏎decr n 100⏎incr n 18446744073709551615⏎incr n 2⏎incr n x⏎incr n -1⏎incr n⏎set n 0 0 1⏎x⏎incr n 1⏎decr z 1⏎",
            "NOT_FOUND⏎STORED⏎15⏎9⏎VALUE n 0 2⏎9 ⏎END⏎0⏎18446744073709551615⏎1⏎CLIENT_ERROR invalid numeric delta argument⏎"
            + "CLIENT_ERROR invalid numeric delta argument⏎ERROR⏎STORED⏎CLIENT_ERROR cannot increment or decrement non-numeric value⏎NOT_FOUND⏎"),
        new("touch", "touch k 50⏎set k 0 0 1⏎x⏎touch k 50⏎mg k t⏎touch k 0⏎mg k t⏎touch k -1⏎mg k⏎touch k x⏎touch k⏎",
            "NOT_FOUND⏎STORED⏎TOUCHED⏎HD t50⏎TOUCHED⏎HD t-1⏎TOUCHED⏎EN⏎CLIENT_ERROR invalid exptime argument⏎ERROR⏎"),
        new("flush_all", "set k 0 0 1⏎x⏎flush_all⏎get k⏎set k 0 0 1⏎y⏎gets k⏎flush_all 0⏎get k⏎set k 0 0 1⏎y⏎flush_all 100⏎gets k⏎flush_all x⏎flush_all 1 2 3⏎",
            "STORED⏎OK⏎END⏎STORED⏎VALUE k 0 1 3⏎y⏎END⏎OK⏎END⏎STORED⏎OK⏎VALUE k 0 1 5⏎y⏎END⏎CLIENT_ERROR invalid exptime argument⏎ERROR⏎"),
        new("version and verbosity", "version⏎version x⏎verbosity 0⏎verbosity⏎verbosity x⏎verbosity a b c⏎",
            "VERSION 1.6.18⏎VERSION 1.6.18⏎OK⏎ERROR⏎CLIENT_ERROR bad command line format⏎ERROR⏎"),
        new("quit", "version⏎quit⏎version⏎", "VERSION 1.6.18⏎<closed>"),
        new("a browser", "GET / HTTP/1.1⏎⏎", "<closed>"),
        new("no discovery, no shutdown", "config get cluster⏎shutdown⏎lru⏎lru x⏎lru temp_ttl x⏎lru temp_ttl 60⏎lru temp_ttl -1⏎stats nonsense⏎stats reset⏎",
            "ERROR⏎ERROR: shutdown not enabled⏎ERROR⏎ERROR⏎ERROR⏎OK⏎OK⏎ERROR⏎RESET⏎"),
        new("negative lifetimes", "set k 0 -1 1⏎x⏎get k⏎set k 0 2592001 1⏎x⏎get k⏎", "STORED⏎END⏎STORED⏎END⏎"),
    ];
}
