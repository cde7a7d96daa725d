using CascadeCache.Stress.Linearizability;

namespace CascadeCache.Stress.Soak;

/// <summary>What a soak is asked for.</summary>
/// <param name="Minutes">How long.</param>
/// <param name="Seed">What faults and operations are drawn from.</param>
internal sealed record SoakOptions(int Minutes, int Seed)
{
    /// <exception cref="FormatException">An argument makes no sense.</exception>
    public static SoakOptions Parse(IReadOnlyList<string> args)
    {
        var options = new SoakOptions(5, 1);
        for (int i = 0; i < args.Count; i += 2)
        {
            string value = i + 1 < args.Count ? args[i + 1] : throw new FormatException($"{args[i]} needs a value.");
            options = args[i] switch
            {
                "--minutes" => options with { Minutes = RunOptions.Number(args[i], value, 1, 24 * 60) },
                "--seed" => options with { Seed = RunOptions.Number(args[i], value, 0, int.MaxValue) },
                _ => throw new FormatException($"Unknown argument '{args[i]}'."),
            };
        }

        return options;
    }
}
