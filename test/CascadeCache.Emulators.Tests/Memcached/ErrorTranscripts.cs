namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>What is refused, with which words, and whether the data block is skipped or read as commands.</summary>
internal static class ErrorTranscripts
{
    private const string BadFormat = "CLIENT_ERROR bad command line format⏎";
    private const string BadToken = "CLIENT_ERROR bad token in command line format⏎";
    private const string Executed = "VERSION 1.6.18⏎";

    private static readonly string s_key250 = new('k', 250);
    private static readonly string s_key251 = new('k', 251);
    private static readonly string s_raw186 = Convert.ToBase64String(new byte[186]);
    private static readonly string s_raw187 = Convert.ToBase64String(new byte[187]);

    public static IReadOnlyList<Transcript> All { get; } =
    [
        new("unknown commands", "⏎ ⏎x⏎xy⏎MG k v⏎mx k⏎mset s 7⏎version⏎getx k⏎setx k 0 0 1⏎", "ERROR⏎ERROR⏎ERROR⏎ERROR⏎ERROR⏎ERROR⏎ERROR⏎VERSION 1.6.18⏎ERROR⏎ERROR⏎"),
        new("too few words", "mg⏎ms⏎md⏎ma⏎me⏎get⏎set⏎set k 0 0⏎cas k 0 0 1⏎", "ERROR⏎ERROR⏎ERROR⏎ERROR⏎" + BadFormat + "ERROR⏎ERROR⏎ERROR⏎ERROR⏎"),
        new("spaces and bare line feeds", "  ms   k  1   c  ⏎x⏎ mg k v\nmg k v \n", "HD c1⏎VA 1⏎x⏎VA 1⏎x⏎"),
        new("a NUL ends the line", "ms a\0b 1⏎x⏎mg k\0 v⏎", BadFormat + "ERROR⏎EN⏎"),
        new("tabs and 8-bit bytes are key bytes", "ms a\tb\u00ff 1 k⏎x⏎mg a\tb\u00ff k v⏎", "HD ka\tb\u00ff⏎VA 1 ka\tb\u00ff⏎x⏎"),
        new("mg flags", "ms k 1⏎x⏎mg k v v⏎mg k %⏎mg k \u00ff⏎mg k Tabc⏎mg k T⏎mg k T1.5⏎mg k Nx⏎mg k Rx⏎mg k E1⏎mg k x⏎mg k Cx v⏎mg k Mxx⏎mg k Jx⏎mg k Dx⏎mg k Fx⏎",
            "HD⏎CLIENT_ERROR duplicate flag⏎CLIENT_ERROR invalid flag⏎CLIENT_ERROR duplicate flag⏎" + BadToken + BadToken + BadToken + BadToken + BadToken
            + "CLIENT_ERROR invalid flag⏎CLIENT_ERROR invalid flag⏎" + BadToken + "CLIENT_ERROR incorrect length for M token⏎"
            + "CLIENT_ERROR invalid numeric initial value⏎CLIENT_ERROR invalid numeric delta value⏎" + BadFormat),
        new("several mistakes, one text", "mg k Tx Mxx⏎mg k Mxx Tx⏎mg k Tx Fx⏎mg k Tx v v⏎mg k Tx %⏎",
            "CLIENT_ERROR incorrect length for M token⏎" + BadToken + BadToken + "CLIENT_ERROR duplicate flag⏎CLIENT_ERROR invalid flag⏎"),
        new("md and ma flags", "md k x⏎md k q q⏎md k E1⏎ma k %⏎ma k Dx⏎ma k Mxx⏎",
            string.Concat(Enumerable.Repeat("CLIENT_ERROR invalid or duplicate flag⏎", 6))),
        new("key length", $"ms {s_key250} 1⏎x⏎mg {s_key250} v⏎mg {s_key251}⏎md {s_key251}⏎ma {s_key251}⏎me {s_key251}⏎delete {s_key251}⏎touch {s_key251} 1⏎incr {s_key251} 1⏎",
            "HD⏎VA 1⏎x⏎" + string.Concat(Enumerable.Repeat(BadFormat, 7))),
        new("key length of get", $"get {s_key251}⏎", BadFormat),
        new("key length of get, second key", $"get k {s_key251} k⏎", BadFormat),
        new("key length in base64", $"ms {s_raw186} 1 b k⏎x⏎ms {s_raw187} 7 b⏎version⏎", $"HD k{s_raw186} b⏎" + BadFormat + Executed),
        new("too long a key does not skip the block", $"ms {s_key251} 7⏎version⏎set {s_key251} 0 0 7⏎version⏎", BadFormat + Executed + BadFormat + Executed),
        new("no usable length does not skip the block",
            "ms k⏎version⏎ms k x⏎version⏎ms k 7x⏎version⏎ms k -1⏎version⏎ms k 2147483646⏎version⏎ms k c⏎version⏎set k 0 0 x⏎version⏎set k 0 0 -1⏎version⏎",
            string.Concat(Enumerable.Repeat(BadFormat + Executed, 8))),
        new("a wrapped length", "ms k 4294967303 c⏎version⏎mg k v⏎", "HD c1⏎VA 7⏎version⏎"),
        new("too many flags", "mg k a b c d e f g h i j k l m n o p q r⏎md k 1 2 3 4 5 6 7 8 9 a b c d e f g h i⏎ms k 7 1 2 3 4 5 6 7 8 9 a b c d e f g⏎version⏎",
            "CLIENT_ERROR options flags are too long⏎CLIENT_ERROR options flags too long⏎CLIENT_ERROR invalid flag⏎"),
        new("one flag more does not skip the block", "ms k 7 1 2 3 4 5 6 7 8 9 a b c d e f g h⏎version⏎", "CLIENT_ERROR options flags too long⏎" + Executed),
        new("bad flags skip the block",
            "ms k 7 !⏎version⏎ms k 7 c c⏎version⏎ms k 7 \u00ff⏎version⏎ms k 7 Tx⏎version⏎ms k 7 C⏎version⏎ms k 7 C18446744073709551616⏎version⏎ms k 7 Fx⏎version⏎ms k 7 E100⏎version⏎",
            "CLIENT_ERROR invalid flag⏎CLIENT_ERROR duplicate flag⏎CLIENT_ERROR duplicate flag⏎" + BadToken + BadToken + BadToken + BadFormat + "CLIENT_ERROR invalid flag⏎"),
        new("bad modes, opaques and keys skip the block",
            $"ms k 7 Me⏎version⏎ms k 7 M⏎version⏎ms k 7 MEE⏎version⏎ms k 7 O{new string('o', 32)}⏎version⏎ms YWI 7 b⏎version⏎ms k 7 Mx O{new string('o', 32)}⏎version⏎",
            "CLIENT_ERROR invalid mode for ms M token⏎CLIENT_ERROR incorrect length for M token⏎CLIENT_ERROR incorrect length for M token⏎"
            + "CLIENT_ERROR opaque token too long⏎CLIENT_ERROR error decoding key⏎CLIENT_ERROR invalid mode for ms M token⏎"),
        new("opaque length", $"mg k O{new string('o', 31)}⏎mg k O{new string('o', 32)}⏎ms k 1 q⏎x⏎mg k O{new string('o', 32)}⏎md k O{new string('o', 32)}⏎mg k⏎",
            $"EN O{new string('o', 31)}⏎CLIENT_ERROR opaque token too long⏎CLIENT_ERROR opaque token too long⏎CLIENT_ERROR opaque token too long⏎HD⏎"),
        new("a longer block keeps the old value", "ms k 1⏎x⏎ms k 1 q⏎yyversion⏎mg k v⏎set k 0 0 1⏎yyy⏎set k 0 0 1 noreply⏎yyy⏎get k⏎",
            "HD⏎CLIENT_ERROR bad data chunk⏎ERROR⏎VA 1⏎x⏎CLIENT_ERROR bad data chunk⏎ERROR⏎ERROR⏎VALUE k 0 1⏎x⏎END⏎"),
        new("a shorter block eats the next command", "ms k 8⏎abc⏎version⏎mn⏎", "CLIENT_ERROR bad data chunk⏎ERROR⏎MN⏎"),
        new("ms of too large values deletes", TooLarge("ms k 1048576 k O1 c q C99") + TooLarge("ms k 1048576 ME"),
            "STORED⏎SERVER_ERROR object too large for cache⏎EN⏎STORED⏎SERVER_ERROR object too large for cache⏎EN⏎"),
        new("classic too large values", TooLarge("set k 0 0 1048576") + TooLarge("add k 0 0 1048576") + TooLarge("cas k 0 0 1048576 1"),
            "STORED⏎SERVER_ERROR object too large for cache⏎EN⏎STORED⏎SERVER_ERROR object too large for cache⏎VA 1⏎x⏎"
            + "STORED⏎SERVER_ERROR object too large for cache⏎VA 1⏎x⏎"),
        new("the largest value", Sized("k", 1048516, "") + Sized("k", 1048517, "") + Sized("k", 1048512, " F1") + Sized("k", 1048513, " F1") + Sized(s_key250, 1048267, ""),
            "HD⏎SERVER_ERROR object too large for cache⏎HD⏎SERVER_ERROR object too large for cache⏎HD⏎"),
        new("appending too much", Sized("k", 1048516, "") + "ms k 1 MA⏎x⏎append k 0 0 1⏎x⏎mg k s⏎", "HD⏎NS⏎NOT_STORED⏎HD s1048516⏎"),
    ];

    private static string TooLarge(string command) => $"set k 0 0 1⏎x⏎{command}⏎{new string('v', 1048576)}⏎mg k v⏎";

    private static string Sized(string key, int size, string flags) => $"ms {key} {size}{flags}⏎{new string('v', size)}⏎";
}
