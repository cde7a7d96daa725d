using System.Globalization;

namespace CascadeCache.Stress.Linearizability;

/// <summary>One of the run's keys. Its number decides which server it belongs to, for every worker alike.</summary>
internal readonly record struct StressKey(string Group, int Number)
{
    private const int HotKeys = 4;
    private const int SlidingKeys = 6;
    private const int ManyKeys = 300;

    public bool IsSliding => Group == "sliding";

    /// <summary>Half of all operations meet on a few keys.</summary>
    public static StressKey Draw(Random random) => random.Next(100) switch
    {
        < 50 => new StressKey("hot", random.Next(HotKeys)),
        < 65 => new StressKey("sliding", random.Next(SlidingKeys)),
        _ => new StressKey("many", random.Next(ManyKeys)),
    };

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Group}.{Number}");
}
