using CascadeCache.Benchmarks.CommandLine;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>What the command line asks for.</summary>
internal sealed record EndToEndOptions
{
    public const string Usage =
        """
        Usage: end-to-end [--quick] [--only PATH,…] [--sessions N,…] [--callers N] [--rounds N] [--seconds S] [--load-async] [--out FILE.md]

          --quick       one round of a second, 100 sessions instead of 1,000: whether it works, not how fast
          --only        read, increment; both by default
          --sessions    default 1,1000
          --callers     connections of the load generator; default 32
          --rounds      default 5
          --seconds     of each turn, default 3; a third of that goes before it unmeasured
          --load-async  the application awaits Session.LoadAsync() first; by default the session is loaded by its first use, blocking, as most applications have it
          --out         writes the report there, and its plot (SVG) beside it; otherwise the report goes to standard output
        """;

    private static readonly string[] Paths = ["read", "increment"];

    public IReadOnlyList<string> Only { get; private init; } = Paths;

    public IReadOnlyList<int> Sessions { get; private init; } = [1, 1000];

    public int Callers { get; private init; } = 32;

    public int Rounds { get; private init; } = 5;

    public double Seconds { get; private init; } = 3;

    public bool LoadsAsync { get; private init; }

    public string? Out { get; private init; }

    /// <exception cref="ArgumentException">The arguments make no sense; the message says why.</exception>
    public static EndToEndOptions Parse(IReadOnlyList<string> arguments)
    {
        EndToEndOptions options = arguments.Contains("--quick") ? new() { Sessions = [1, 100], Rounds = 1, Seconds = 1 } : new();
        for (int i = 0; i < arguments.Count; i++)
        {
            options = arguments[i] switch
            {
                "--quick" => options,
                "--load-async" => options with { LoadsAsync = true },
                _ => options.With(arguments[i], i + 1 < arguments.Count ? arguments[++i] : throw new ArgumentException($"{arguments[i]} needs a value.")),
            };
        }

        return options;
    }

    private EndToEndOptions With(string name, string value) => name switch
    {
        "--only" => this with { Only = ArgumentValues.Names(value, Paths) },
        "--sessions" => this with { Sessions = ArgumentValues.Numbers(value, 1, 10_000) },
        "--callers" => this with { Callers = ArgumentValues.Number(value, 1, 1000) },
        "--rounds" => this with { Rounds = ArgumentValues.Number(value, 1, 100) },
        "--seconds" => this with { Seconds = ArgumentValues.Seconds(value) },
        "--out" => this with { Out = value },
        _ => throw new ArgumentException($"Unknown argument '{name}'."),
    };
}
