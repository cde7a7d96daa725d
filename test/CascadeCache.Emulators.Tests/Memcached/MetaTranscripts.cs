namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>The meta commands doing what they are asked for.</summary>
internal static class MetaTranscripts
{
    private const string Binary = "YmluIAD/IGtleQ0K";

    public static IReadOnlyList<Transcript> All { get; } =
    [
        new("mg miss", "mg k⏎mg k v⏎mg k v k O9⏎mg k v q⏎mg k v q k O9⏎", "EN⏎EN⏎EN kk O9⏎"),
        new("mg hit", "ms k 5⏎hello⏎mg k⏎mg k v⏎", "HD⏎HD⏎VA 5⏎hello⏎"),
        new("mg all return flags",
            "ms k 5 T100 F77 c⏎hello⏎mg k v t f c s k O123 h l⏎mg k s h⏎mg k h k c O⏎",
            "HD c1⏎VA 5 t100 f77 c1 s5 kk O123 h0 l0⏎hello⏎HD s5 h1⏎HD h1 kk c1 O⏎"),
        new("mg empty value", "ms e 0⏎⏎mg e v s t f c h⏎", "HD⏎VA 0 s0 t-1 f0 c1 h0⏎⏎"),
        new("mg u is no access", "ms k 1⏎x⏎mg k u h⏎mg k u h⏎mg k h⏎mg k h⏎", "HD⏎HD h0⏎HD h0⏎HD h0⏎HD h1⏎"),
        new("mg q shows hits", "ms k 1⏎x⏎mg k q⏎mg k v q⏎", "HD⏎HD⏎VA 1⏎x⏎"),
        new("mg T acts in flag order", "ms k 1 T90⏎x⏎mg k T50 t⏎mg k t T60⏎mg k t⏎mg z T5⏎", "HD⏎HD t50⏎HD t50⏎HD t60⏎EN⏎"),
        new("mg T keeps the CAS", "ms k 1 c⏎x⏎mg k T50 c⏎touch k 9⏎mg k c⏎", "HD c1⏎HD c1⏎TOUCHED⏎HD c1⏎"),
        new("mg T0 is for ever", "ms k 1 T90⏎x⏎mg k T0 t⏎", "HD⏎HD t-1⏎"),
        new("mg ignores C P L", "ms k 2⏎ab⏎mg k v C5 c⏎mg k P1 Labc v⏎", "HD⏎VA 2 c1⏎ab⏎VA 2⏎ab⏎"),
        new("ms return flags in order", "ms k 2 k O5 c⏎ab⏎ms k 2 c O k⏎ab⏎ms k 2 q⏎ab⏎ms k 2 t f v s h c⏎ab⏎",
            "HD kk O5 c1⏎HD c2 O kk⏎HD c4⏎"),
        new("ms modes on missing", "ms k 2 MR⏎ab⏎ms k 2 MA⏎ab⏎ms k 2 MP⏎ab⏎ms k 2 ME c k O3⏎ab⏎ms j 2 MS c⏎ab⏎",
            "NS⏎NS⏎NS⏎HD c1 kk O3⏎HD c2⏎"),
        new("ms modes on existing",
            "ms k 1 F5 T50⏎b⏎ms k 1 ME c k O3⏎x⏎ms k 1 MA T9 F8 c⏎c⏎ms k 1 MP c⏎a⏎mg k v t f⏎ms k 1 MR c⏎z⏎mg k v t f⏎",
            "HD⏎NS c0 kk O3⏎HD c2⏎HD c3⏎VA 3 t50 f5⏎abc⏎HD c4⏎VA 1 t-1 f0⏎z⏎"),
        new("ms MA N on missing is no vivify here", "ms k 2 MA N30⏎yy⏎", "NS⏎"),
        new("ms q shows failures", "ms k 1 MR q⏎x⏎ms k 1 C5 q⏎x⏎ms k 1 q⏎x⏎ms k 1 C5 q⏎x⏎mg k v⏎", "NS⏎NF⏎EX⏎VA 1⏎x⏎"),
        new("ms C on missing", "ms k 1 C5 c k O1⏎x⏎ms k 1 C0 c⏎x⏎ms k 1 MR C5 c⏎x⏎ms k 1 MA C5 c⏎x⏎ms k 1 ME C5 c⏎x⏎",
            "NF c0 kk O1⏎NF c0⏎NF c0⏎NS c0⏎HD c1⏎"),
        new("ms C on existing",
            "ms k 1 c⏎x⏎ms k 1 C5 c⏎y⏎ms k 1 C0 c⏎y⏎ms k 1 C1 c⏎y⏎ms k 1 ME C2 c⏎z⏎ms k 1 MR C1 c⏎z⏎ms k 1 MR C2 c⏎z⏎"
            + "ms k 1 MA C2 c⏎a⏎ms k 1 MA C3 c⏎a⏎mg k v c⏎",
            "HD c1⏎EX c0⏎EX c0⏎HD c2⏎NS c0⏎EX c0⏎HD c3⏎EX c0⏎HD c4⏎VA 2 c4⏎za⏎"),
        new("ms F is 32 bits", "ms k 1 F4294967295⏎x⏎mg k f⏎ms k 1 F4294967296⏎x⏎mg k f⏎", "HD⏎HD f4294967295⏎HD⏎HD f0⏎"),
        new("ms T forms", "ms k 1 T0⏎x⏎mg k t⏎ms k 1 T2592000⏎x⏎mg k t⏎ms k 1 T+5⏎x⏎mg k t⏎ms k 1 T4294967297⏎x⏎mg k t⏎",
            "HD⏎HD t-1⏎HD⏎HD t2592000⏎HD⏎HD t5⏎HD⏎HD t1⏎"),
        new("ms T in the past", "ms k 1 T-1⏎x⏎mg k⏎ms k 1 T2592001⏎x⏎mg k⏎ms k 1 T2147483648⏎x⏎mg k⏎", "HD⏎EN⏎HD⏎EN⏎HD⏎EN⏎"),
        new("md", "md k⏎md k k O7⏎md k q⏎ms k 1⏎x⏎md k k O7⏎ms k 1⏎x⏎md k q⏎mg k⏎", "NF⏎NF kk O7⏎NF⏎HD⏎HD kk O7⏎HD⏎EN⏎"),
        new("md C", "md k C3⏎ms k 1 c⏎x⏎md k C9 q k O3⏎md k C0⏎md k C1 q k O3⏎md k⏎", "NF⏎HD c1⏎EX kk O3⏎EX⏎NF⏎"),
        new("md T without I deletes", "ms k 1⏎x⏎md k T20⏎mg k⏎", "HD⏎HD⏎EN⏎"),
        new("ma", "ma n⏎ma n k O4⏎ma n N30 J10 v c t k O1⏎ma n v c D5⏎ma n MD D20 v⏎ma n q⏎mg n v s⏎ma z q⏎ma z N0 q⏎",
            "NF⏎NF kn O4⏎VA 2 c1 t30 kn O1⏎10⏎VA 2 c2⏎15⏎VA 1⏎0⏎VA 2 s2⏎1 ⏎NF⏎HD⏎"),
        new("ma modes", "ms n 1⏎5⏎ma n MI v⏎ma n M+ v⏎ma n M- v⏎ma n MD v⏎ma n Mx⏎ma n Mi⏎",
            "HD⏎VA 1⏎6⏎VA 1⏎7⏎VA 1⏎6⏎VA 1⏎5⏎CLIENT_ERROR invalid mode for ma M token⏎CLIENT_ERROR invalid mode for ma M token⏎"),
        new("ma C", "ms n 1⏎0⏎ma n C9 v⏎ma n C1 v c⏎ma n C0 v c⏎", "HD⏎EX⏎VA 1 c2⏎1⏎VA 1 c3⏎2⏎"),
        new("ma wraps", "ms n 20⏎18446744073709551615⏎ma n v⏎mg n v⏎", "HD⏎VA 1⏎0⏎VA 20⏎0                   ⏎"),
        new("ma T", "ms n 2⏎10⏎ma n T50 t⏎mg n t⏎ms m 1 T90⏎9⏎ma m T50 t v⏎mg m t v⏎", "HD⏎HD t50⏎HD t50⏎HD⏎VA 2 t50⏎10⏎VA 2 t90⏎10⏎"),
        new("ma on text", "ms n 3⏎abc⏎ma n⏎ma n C9⏎ms n 0⏎⏎ma n⏎ms n 5⏎12 34⏎ma n v⏎",
            "HD⏎CLIENT_ERROR cannot increment or decrement non-numeric value⏎EX⏎HD⏎"
            + "CLIENT_ERROR cannot increment or decrement non-numeric value⏎HD⏎VA 2⏎13⏎"),
        new("me", "me k⏎ms k 5 T100⏎hello⏎me k⏎mg k⏎me k⏎ms j 5 F1⏎hello⏎me j⏎ms l 200⏎" + new string('v', 200) + "⏎me l⏎",
            "EN⏎HD⏎ME k exp=-100 la=0 cas=1 fetch=no cls=1 size=65⏎HD⏎ME k exp=-100 la=0 cas=1 fetch=yes cls=1 size=65⏎"
            + "HD⏎ME j exp=-1 la=0 cas=2 fetch=no cls=1 size=69⏎HD⏎ME l exp=-1 la=0 cas=3 fetch=no cls=6 size=260⏎"),
        new("mn", "mn⏎mn a b c⏎", "MN⏎MN⏎"),
        new("binary keys",
            $"ms {Binary} 1 b k⏎x⏎mg {Binary} b k v⏎mg {Binary} k⏎me {Binary} b⏎md {Binary} b k q⏎mg {Binary} b k⏎",
            $"HD k{Binary} b⏎VA 1 k{Binary} b⏎x⏎EN k{Binary}⏎ME {Binary} exp=-1 la=0 cas=1 fetch=yes cls=1 size=72⏎EN k{Binary} b⏎"),
        new("binary and plain keys are one", "ms cGxhaW4= 1 b⏎x⏎mg plain k v⏎ms plain 1⏎y⏎mg cGxhaW4= b k v⏎",
            "HD⏎VA 1 kcGxhaW4= b⏎x⏎HD⏎VA 1 kplain⏎y⏎"),
        new("appending forgets that a key is binary", "ms YWI= 1 b⏎1⏎mg YWI= b k⏎ms YWI= 1 MA b k⏎2⏎mg YWI= b k v⏎",
            "HD⏎HD kYWI= b⏎HD kYWI= b⏎VA 2 kab⏎12⏎"),
        new("base64 forms",
            "mg YWI= b k⏎mg YWI b k⏎mg YW-_ b k⏎mg ==== b k⏎mg YQ== b k⏎mg YWJj b k⏎md YWI b⏎ma YWI b⏎me YWI b⏎",
            "EN kYWI= b⏎CLIENT_ERROR error decoding key⏎CLIENT_ERROR error decoding key⏎CLIENT_ERROR error decoding key⏎EN kYQ== b⏎"
            + "EN kYWJj b⏎CLIENT_ERROR invalid or duplicate flag⏎CLIENT_ERROR invalid or duplicate flag⏎CLIENT_ERROR bad command line format⏎"),
        new("a pipeline", "ms a 1 T60 c O1⏎A⏎mg a v c O2⏎md a O3⏎mg a v c O4⏎mn⏎", "HD c1 O1⏎VA 1 c1 O2⏎A⏎HD O3⏎EN O4⏎MN⏎"),
    ];
}
