using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Fuzz.Targets;

namespace CascadeCache.Fuzz;

/// <summary>What the command line asks for.</summary>
/// <param name="Targets">What to run.</param>
/// <param name="Time">For how long each target.</param>
/// <param name="Seed">Of the mutations: the same one gives the same inputs.</param>
/// <param name="Replay">A file to run once in place of all that; null: none.</param>
internal sealed record FuzzArguments(IReadOnlyList<IFuzzTarget> Targets, TimeSpan Time, int Seed, string? Replay)
{
    private const int DefaultSeconds = 10;
    private const int MaxSeconds = 7 * 24 * 60 * 60;

    public static string Usage =>
        $"""
        Usage: dotnet run -c Release --project test/CascadeCache.Fuzz -- TARGET|all [--seconds N] [--seed S]
               dotnet run -c Release --project test/CascadeCache.Fuzz -- TARGET --replay FILE
        Targets: {string.Join(", ", AllTargets.Create().Select(static t => t.Name))}. Default: {DefaultSeconds} seconds for each target, seed 1.
        An input that fails is written to the current folder. Exit code: 0 no failure, 1 failures, 2 bad arguments, 3 an input that did not end.
        """;

    public static bool TryParse(IReadOnlyList<string> arguments, [NotNullWhen(true)] out FuzzArguments? parsed, [NotNullWhen(false)] out string? fault)
    {
        parsed = null;
        fault = null;
        IReadOnlyList<IFuzzTarget> all = AllTargets.Create();
        string name = arguments.Count > 0 ? arguments[0] : "";
        IReadOnlyList<IFuzzTarget> chosen = name == "all" ? all : [.. all.Where(t => t.Name == name)];
        (int seconds, int seed, string? replay) = (DefaultSeconds, 1, null);
        for (int i = 1; i < arguments.Count && fault is null; i += 2)
        {
            string value = i + 1 < arguments.Count ? arguments[i + 1] : "";
            bool isRight = arguments[i] switch
            {
                "--seconds" => TryNumber(value, out seconds) && seconds is >= 1 and <= MaxSeconds,
                "--seed" => TryNumber(value, out seed),
                "--replay" => File.Exists(replay = value),
                _ => false,
            };
            fault = isRight ? null : $"Not understood: '{arguments[i]} {value}'.";
        }

        if (chosen.Count == 0 || (replay is not null && chosen.Count > 1))
        {
            fault ??= chosen.Count == 0 ? $"There is no target '{name}'." : "A file is replayed on one target.";
        }

        parsed = fault is null ? new FuzzArguments(chosen, TimeSpan.FromSeconds(seconds), seed, replay) : null;
        return parsed is not null;
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
