using System.Globalization;
using CascadeCache.TestKit.Interleavings;

namespace CascadeCache.Stress.Interleavings;

/// <summary>Explores one scenario to its end, with as many faults as one likes.</summary>
internal static class InterleavingsCommand
{
    public static int Run(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        if (args.Length == 0)
        {
            output.WriteLine("scenarios: " + string.Join(", ", Scenarios.All.Keys));
            output.WriteLine("faults: " + string.Join(", ", Enum.GetNames<FaultKinds>()));
            return 0;
        }

        Scenario scenario = Parse(args);
        long began = TimeProvider.System.GetTimestamp();
        SearchResult result = Search.Run(scenario, cancellationToken);
        double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{string.Join(' ', args)}: {result} in {seconds:F0} s ({result.States / seconds:N0} states/s, {result.Executions / seconds:N0} executions/s)"));
        output.Write(result.Trace);
        return result is { Violation: null, IsComplete: true } ? 0 : 1;
    }

    private static Scenario Parse(string[] args)
    {
        if (!Scenarios.All.TryGetValue(args[0], out Scenario? scenario))
        {
            throw new FormatException($"There is no scenario '{args[0]}'.");
        }

        var faults = FaultKinds.None;
        if (args.Length > 1 && !Enum.TryParse(args[1], ignoreCase: true, out faults))
        {
            throw new FormatException($"'{args[1]}' is no list of faults.");
        }

        int max = faults == FaultKinds.None ? 0 : 1;
        if (args.Length > 2 && !int.TryParse(args[2], NumberStyles.None, CultureInfo.InvariantCulture, out max))
        {
            throw new FormatException($"'{args[2]}' is no number of faults.");
        }

        bool isCached = args.Length <= 3 || args[3] switch
        {
            "cached" => true,
            "uncached" => false,
            _ => throw new FormatException($"'{args[3]}' is neither cached nor uncached."),
        };
        return scenario with { Faults = faults, MaxFaults = max, MaxWaits = max > 0 ? 1 : 0, IsCached = isCached, MaxStates = int.MaxValue };
    }
}
