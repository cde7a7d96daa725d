using System.Globalization;

namespace CascadeCache.Stress.Linearizability;

/// <summary>What a run is asked for.</summary>
internal sealed record RunOptions
{
    public int Seconds { get; init; } = 30;

    public int Seed { get; init; } = 1;

    public int Workers { get; init; } = 3;

    public CascadeConsistency Consistency { get; init; } = CascadeConsistency.Strict;

    public IReadOnlySet<FaultKind> Faults { get; init; } = new HashSet<FaultKind>(Enum.GetValues<FaultKind>());

    public bool IsBroken { get; init; }

    /// <exception cref="FormatException">An argument makes no sense.</exception>
    public static RunOptions Parse(IReadOnlyList<string> args)
    {
        var options = new RunOptions();
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i] == "--broken")
            {
                options = options with { IsBroken = true };
                continue;
            }

            string name = args[i];
            string value = ++i < args.Count ? args[i] : throw new FormatException($"{name} needs a value.");
            options = name switch
            {
                "--seconds" => options with { Seconds = Number(name, value, 1, 24 * 3600) },
                "--seed" => options with { Seed = Number(name, value, 0, int.MaxValue) },
                "--workers" => options with { Workers = Number(name, value, 1, 16) },
                "--consistency" => options with { Consistency = One<CascadeConsistency>(name, value) },
                "--faults" => options with { Faults = value == "none" ? new HashSet<FaultKind>() : value.Split(',').Select(kind => One<FaultKind>(name, kind)).ToHashSet() },
                _ => throw new FormatException($"Unknown argument '{name}'."),
            };
        }

        return options;
    }

    public static int Number(string name, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new FormatException($"{name} needs a number from {least} to {most}, not '{value}'.");

    private static T One<T>(string name, string value)
        where T : struct, Enum =>
        Enum.TryParse(value, ignoreCase: true, out T one) && Enum.IsDefined(one)
            ? one
            : throw new FormatException($"{name}: '{value}' is none of {string.Join(", ", Enum.GetNames<T>())}.");
}
