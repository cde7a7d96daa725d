using System.Text;

namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>
/// Random command sequences over few keys, so that they meet. The same seed gives the same bytes. Some are wrong on purpose;
/// lifetimes are either long, past, or never, so that a tick of the real clock changes no outcome.
/// </summary>
internal sealed class RandomCommands(int seed)
{
    // A real server counts in place only while no unsent reply still holds the item, and otherwise stores a new item, without
    // padding and marks: mn makes it send. Twice, because a block announced too long may eat the first.
    private const string SendAll = "mn⏎mn⏎";

    private static readonly string[] s_getFlags = ["v", "t", "c", "f", "s", "k", "h", "u", "q", "O7", "N900", "R950", "R1", "T900", "T-1", "T0", "b", "Tx", "%", "N-1", "C3", "P1"];
    private static readonly string[] s_setFlags = ["c", "k", "q", "O5", "T900", "T1000", "T-1", "F7", "F0", "ME", "MA", "MP", "MR", "MS", "I", "b", "Mx", "Tx", "Fx", "!", "C0", "s", "N5"];
    private static readonly string[] s_deleteFlags = ["q", "k", "O1", "I", "T900", "C0", "b", "x", "u"];
    private static readonly string[] s_countFlags = ["v", "c", "t", "k", "q", "N900", "J10", "J99", "D5", "D90", "MD", "MI", "M-", "T800", "O3", "b", "Dx", "C0", "F1"];
    private static readonly string[] s_keys = ["a", "b", "c", "YQ==", "Yg==", "key-of-more-than-one-letter"];
    // Nothing near 2^63: this version compares such a number with bytes that lie behind it by chance, and may refuse to count.
    private static readonly string[] s_values = ["", "0", "9", "99", "10 ", "abc", "a longer value with spaces", "123456789012", "-1", " 5"];

    private readonly Random _random = new(seed);

    public string Next(int count)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            text.Append(NextCommand());
        }

        // A block announced too long eats these instead of the question that follows.
        return text.Append("⏎").Insert(text.Length, "mn⏎", 40).ToString();
    }

    private string NextCommand() => _random.Next(20) switch
    {
        < 5 => $"mg {Key()}{Flags(s_getFlags, 4)}⏎",
        < 10 => MetaSet(),
        < 12 => $"md {Key()}{Flags(s_deleteFlags, 2)}{Cas(3)}⏎",
        < 14 => $"{SendAll}ma {Key()}{Flags(s_countFlags, 4)}{Cas(6)}⏎",
        14 => $"me {Key()}{(Chance(4) ? " b" : "")}⏎",
        15 => ClassicStore(),
        16 => $"{Pick("get", "gets", "gat 900", "gats 0")} {Key()} {Key()}⏎",
        17 => $"{SendAll}{Pick("delete", "incr", "decr", "touch")} {Key()}{Pick("", " 1", " 0", " 900", " x")}{Pick("", "", " noreply")}⏎",
        18 => Chance(4) ? $"flush_all{Pick("", " 0", " noreply", " x")}⏎" : $"mg {Key()} v c t f s k h⏎",
        _ => Pick("mn⏎", "version⏎", "⏎", "mx a⏎", "set⏎", "verbosity 0⏎", "ms a⏎", "mg⏎"),
    };

    private string MetaSet()
    {
        var value = Pick(s_values);
        return $"ms {Key()} {Length(value)}{Flags(s_setFlags, 3)}{Cas(3)}⏎{value}⏎";
    }

    private string ClassicStore()
    {
        var value = Pick(s_values);
        var name = Pick("set", "add", "replace", "append", "prepend", "cas");
        var cas = name == "cas" ? $" {_random.Next(60)}" : "";
        return $"{name} {Key()} {Pick("0", "5", "-1")} {Pick("0", "900", "-1", "x")} {Length(value)}{cas}{Pick("", "", "", " noreply")}⏎{value}⏎";
    }

    private int Length(string value) => Chance(25) ? value.Length + _random.Next(-2, 4) : value.Length;

    private string Cas(int oneIn) => Chance(oneIn) ? $" C{_random.Next(1, 60)}" : "";

    private string Flags(string[] from, int most)
    {
        var flags = new StringBuilder();
        for (var i = _random.Next(most + 1); i > 0; i--)
        {
            flags.Append(' ').Append(Pick(from));
        }

        return flags.ToString();
    }

    private string Key() => Chance(3) ? Pick(s_keys) : s_keys[0];

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private string Pick(params string[] from) => from[_random.Next(from.Length)];
}
