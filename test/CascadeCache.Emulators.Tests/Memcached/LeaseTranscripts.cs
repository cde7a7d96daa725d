namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>Leases (N), early recache (R), stale values (I): who wins, what others see, what becomes of the placeholder.</summary>
internal static class LeaseTranscripts
{
    public static IReadOnlyList<Transcript> All { get; } =
    [
        new("lease: one wins, all others are told",
            "mg v v c t f s k O1 h l N30⏎mg v v c t f s k O2 h l N30⏎mg v v c t⏎mg v⏎get v⏎",
            "VA 0 c1 t-1 f0 s0 kv O1 h0 l0 W⏎⏎VA 0 c1 t30 f0 s0 kv O2 h1 l0 Z⏎⏎VA 0 c1 t30 Z⏎⏎HD Z⏎VALUE v 0 0⏎⏎END⏎"),
        new("lease: filled once", "mg v v c N30⏎ms v 3 C1 T100 c⏎abc⏎ms v 3 C1 T100 c⏎abc⏎mg v v c t⏎",
            "VA 0 c1 W⏎⏎HD c2⏎EX c0⏎VA 3 c2 t100⏎abc⏎"),
        new("lease: N0 and N-1", "mg v v N0⏎mg v t⏎mg w v c N-1⏎mg w v c N-1⏎mg w⏎", "VA 0 W⏎⏎HD t-1 Z⏎VA 0 c2 W⏎⏎VA 0 c3 W⏎⏎EN⏎"),
        new("lease: a win is never quiet", "mg v q v c N30⏎mg v q v c N30⏎", "VA 0 c1 W⏎⏎VA 0 c1 Z⏎⏎"),
        new("lease: overwritten by another", "mg v v N30⏎ms v 1⏎y⏎ms v 3 C1 c⏎abc⏎mg v v⏎", "VA 0 W⏎⏎HD⏎EX c0⏎VA 1⏎y⏎"),
        new("lease: deleted", "mg v v N30⏎md v⏎ms v 3 C1 c⏎abc⏎mg v c N30⏎ms v 3 C1 c⏎abc⏎", "VA 0 W⏎⏎HD⏎NF c0⏎HD c2 W⏎EX c0⏎"),
        new("lease: flushed", "mg v v c N30⏎flush_all⏎ms v 3 C1 c⏎abc⏎mg v v c N30⏎", "VA 0 c1 W⏎⏎OK⏎NF c0⏎VA 0 c3 W⏎⏎"),
        new("lease: marked stale", "mg v v c N30⏎md v I⏎mg v v c t⏎mg v v c t⏎ms v 3 C1 c⏎abc⏎",
            "VA 0 c1 W⏎⏎HD⏎VA 0 c2 t30 X W⏎⏎VA 0 c2 t30 Z X⏎⏎EX c0⏎"),
        new("lease: a placeholder exists", "mg v v N30⏎ms v 1 ME⏎x⏎ma v⏎ms v 1 MA⏎x⏎mg v v t⏎",
            "VA 0 W⏎⏎NS⏎CLIENT_ERROR cannot increment or decrement non-numeric value⏎HD⏎VA 1 t30⏎x⏎"),
        new("lease: a too long opaque leaves an empty item", $"mg v v c N30 O{new string('o', 32)}⏎mg v v c t⏎mg w O{new string('o', 32)} N30⏎mg w v c t⏎",
            "CLIENT_ERROR opaque token too long⏎VA 0 c1 t30⏎⏎CLIENT_ERROR opaque token too long⏎VA 0 c2 t-1⏎⏎"),
        new("lease: a binary key comes back plain", "mg YWI= b k N30⏎mg YWI= b k⏎", "HD kab W⏎HD kab Z⏎"),
        new("recache: below, not below, never", "ms r 1 T20⏎z⏎mg r R20⏎mg r v t c R30⏎mg r v t c R30⏎mg r v⏎ms r 1⏎z⏎mg r R30⏎",
            "HD⏎HD⏎VA 1 t20 c1 W⏎z⏎VA 1 t20 c1 Z⏎z⏎VA 1 Z⏎z⏎HD⏎HD⏎"),
        new("recache: in flag order with T", "ms r 1 T20⏎z⏎mg r T50 R30⏎ms s 1 T20⏎z⏎mg s R30 T50 t⏎", "HD⏎HD⏎HD⏎HD t50 W⏎"),
        new("stale: md I", "ms i 3 T99 c⏎old⏎md i I T30⏎mg i v c t⏎mg i v c t⏎ms i 3 C1 c⏎new⏎ms i 3 C2 c⏎new⏎mg i v⏎md z I⏎mg z⏎",
            "HD c1⏎HD⏎VA 3 c2 t30 X W⏎old⏎VA 3 c2 t30 Z X⏎old⏎EX c0⏎HD c3⏎VA 3⏎new⏎NF⏎EN⏎"),
        new("stale: md I q C", "ms i 3 c⏎old⏎md i I q C9⏎md i I q C1 k⏎mg i c⏎", "HD c1⏎EX⏎HD c2 X W⏎"),
        new("stale: ms I with a lower CAS",
            "ms a 1⏎x⏎ms i 1 T10 c⏎x⏎ms i 1 I C1 T500 c⏎y⏎mg i v c t⏎ms i 1 I C9 c⏎z⏎ms z 1 I C1 c⏎z⏎ms i 1 I c⏎p⏎mg i v t⏎",
            "HD⏎HD c2⏎HD c3⏎VA 1 c3 t10 X W⏎y⏎EX c0⏎NF c0⏎HD c4⏎VA 1 t-1⏎p⏎"),
    ];
}
