using CascadeCache.Stress.Linearizability;

namespace CascadeCache.Stress.Soak;

/// <summary>What a soak is asked for.</summary>
/// <param name="Minutes">How long.</param>
/// <param name="Seed">What faults and operations are drawn from.</param>
/// <param name="IsBroken">With a leak that has to be found.</param>
internal sealed record SoakOptions(int Minutes, int Seed, bool IsBroken)
{
    /// <exception cref="FormatException">An argument makes no sense.</exception>
    public static SoakOptions Parse(IReadOnlyList<string> args)
    {
        var options = new SoakOptions(5, 1, IsBroken: false);
        for (int i = 0; i < args.Count; i += 2)
        {
            if (args[i] == "--broken")
            {
                options = options with { IsBroken = true };
                i--;
                continue;
            }

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
