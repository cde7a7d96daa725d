using CascadeCache.Benchmarks.CommandLine;

namespace CascadeCache.Benchmarks.Load;

/// <summary>What the command line asks for.</summary>
internal sealed record LoadOptions
{
    public const string Usage =
        """
        Usage: load [--quick] [--only SECTION,…] [--sizes BYTES,…] [--callers N,…] [--rounds N] [--seconds S] [--out FILE.md]

          --quick    one round of a second, fewer sizes and callers: whether it works, not how fast
          --only     hits, writes, scaling, sync, blocking; all of them by default
          --sizes    default 100,1024,16384,262144,1000000
          --callers  default 1,16,64,256
          --rounds   default 5
          --seconds  of each turn, default 2; a quarter of that goes before it unmeasured
          --out      writes the report there, and its plots (SVG) beside it; otherwise the report goes to standard output
        """;

    public static readonly string[] Sections = ["hits", "writes", "scaling", "sync", "blocking"];

    public IReadOnlyList<string> Only { get; private init; } = Sections;

    public IReadOnlyList<int> Sizes { get; private init; } = Experiments.Sizes.All;

    public IReadOnlyList<int> Callers { get; private init; } = [1, 16, 64, 256];

    public int Rounds { get; private init; } = 5;

    public double Seconds { get; private init; } = 2;

    public string? Out { get; private init; }

    public bool IsQuick { get; private init; }

    /// <exception cref="ArgumentException">The arguments make no sense; the message says why.</exception>
    public static LoadOptions Parse(IReadOnlyList<string> arguments)
    {
        bool isQuick = arguments.Contains("--quick");
        LoadOptions options = isQuick ? new() { IsQuick = true, Sizes = [100, 1024], Callers = [1, 64], Rounds = 1, Seconds = 1 } : new();
        for (int i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] != "--quick")
            {
                options = options.With(arguments[i], i + 1 < arguments.Count ? arguments[++i] : throw new ArgumentException($"{arguments[i]} needs a value."));
            }
        }

        return options;
    }

    private LoadOptions With(string name, string value) => name switch
    {
        "--only" => this with { Only = ArgumentValues.Names(value, Sections) },
        "--sizes" => this with { Sizes = ArgumentValues.Numbers(value, 2, 1_000_000) },
        "--callers" => this with { Callers = ArgumentValues.Numbers(value, 1, 10_000) },
        "--rounds" => this with { Rounds = ArgumentValues.Number(value, 1, 100) },
        "--seconds" => this with { Seconds = ArgumentValues.Seconds(value) },
        "--out" => this with { Out = value },
        _ => throw new ArgumentException($"Unknown argument '{name}'."),
    };
}
