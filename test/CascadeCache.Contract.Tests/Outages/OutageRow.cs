using CascadeCache.Diagnostics;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>One row of the README's table of outages: what breaks, and what every call then sees, in the words of that table.</summary>
internal sealed record OutageRow(string Name, Func<OutageScene, Task> BreakAsync, Func<OutageScene, Task> HealAsync)
{
    public const string Works = "works";
    public const string Unavailable = "unavailable";
    public const string Unknown = "unknown";
    public const string Rejected = "rejected";
    public const string WorksOrStrictUnavailable = "works; `Strict`: unavailable";

    /// <summary>A read of what memcached holds.</summary>
    public string GetCached { get; init; } = Works;

    /// <summary>A read of what only Datastore holds.</summary>
    public string GetUncached { get; init; } = Works;

    public string Set { get; init; } = Works;

    public string Refresh { get; init; } = Works;

    public string Remove { get; init; } = Works;

    /// <summary>A request that loads a stock session, changes it and commits it.</summary>
    public string Session { get; init; } = Works;

    /// <summary>Counters that move.</summary>
    public IReadOnlyList<Counter> Counted { get; init; } = [];

    public string[] MemcachedArguments { get; init; } = [];

    public Action<CascadeCacheOptions> Configure { get; init; } = static _ => { };

    /// <summary>Of a memcached that is full it depends on its free chunks whether an existing key can be locked.</summary>
    public bool MayWorkUnderStrict { get; init; }

    public override string ToString() => Name;

    public string Cells() => string.Join(" | ", Name, GetCached, GetUncached, Set, Refresh, Remove, Session);

    public static string For(string cell, CascadeConsistency consistency) =>
        cell != WorksOrStrictUnavailable ? cell : consistency == CascadeConsistency.Strict ? Unavailable : Works;
}
