namespace CascadeCache.TestKit.Interleavings;

/// <summary>The scenarios that are explored, by name.</summary>
internal static class Scenarios
{
    public static Scenario TwoWritersAndTwoReaders { get; } = Of(ActorKind.Set, ActorKind.Set, ActorKind.Get, ActorKind.Get);

    public static Scenario TwoWritersAndAReader { get; } = Of(ActorKind.Set, ActorKind.Set, ActorKind.Get);

    public static Scenario TwoWriters { get; } = Of(ActorKind.Set, ActorKind.Set);

    public static Scenario ThreeWriters { get; } = Of(ActorKind.Set, ActorKind.Set, ActorKind.Set);

    public static Scenario AWriterAndTwoReaders { get; } = Of(ActorKind.Set, ActorKind.Get, ActorKind.Get);

    public static Scenario AWriterAndAReader { get; } = Of(ActorKind.Set, ActorKind.Get);

    public static Scenario AReaderAndAWriter { get; } = Of(ActorKind.Get, ActorKind.Set);

    public static Scenario ARemovalAWriterAndAReader { get; } = Of(ActorKind.Remove, ActorKind.Set, ActorKind.Get);

    public static Scenario AReplacementAWriterAndAReader { get; } = Of(ActorKind.Replace, ActorKind.Set, ActorKind.Get);

    public static Scenario TwoReplacementsAndAReader { get; } = Of(ActorKind.Replace, ActorKind.Replace, ActorKind.Get);

    /// <summary>One value fits into memcached, the other does not.</summary>
    public static Scenario ALargeAndASmallValueAndAReader { get; } = Of(ActorKind.SetLarge, ActorKind.Set, ActorKind.Get);

    /// <summary>Refreshes read as well, so no reader is needed: the rules look at memcached in every state.</summary>
    public static Scenario TwoRefreshesAndAWriter { get; } = Of(ActorKind.Refresh, ActorKind.Refresh, ActorKind.Set) with { IsSlideDue = true };

    /// <summary>A process that writes and reads, and another one that writes; memcached is left out where it cannot be reached.</summary>
    public static Scenario AvailableWriterThatReadsAndAnotherWriter { get; } =
        new Scenario(new ActorPlan(ActorKind.Set, 0), new ActorPlan(ActorKind.Get, 0), new ActorPlan(ActorKind.Set, 1)) { Consistency = CascadeConsistency.Available };

    public static IReadOnlyDictionary<string, Scenario> All { get; } = new Dictionary<string, Scenario>(StringComparer.Ordinal)
    {
        [nameof(TwoWritersAndTwoReaders)] = TwoWritersAndTwoReaders,
        [nameof(TwoWritersAndAReader)] = TwoWritersAndAReader,
        [nameof(TwoWriters)] = TwoWriters,
        [nameof(ThreeWriters)] = ThreeWriters,
        [nameof(AWriterAndTwoReaders)] = AWriterAndTwoReaders,
        [nameof(AWriterAndAReader)] = AWriterAndAReader,
        [nameof(AReaderAndAWriter)] = AReaderAndAWriter,
        [nameof(ARemovalAWriterAndAReader)] = ARemovalAWriterAndAReader,
        [nameof(AReplacementAWriterAndAReader)] = AReplacementAWriterAndAReader,
        [nameof(TwoReplacementsAndAReader)] = TwoReplacementsAndAReader,
        [nameof(ALargeAndASmallValueAndAReader)] = ALargeAndASmallValueAndAReader,
        [nameof(TwoRefreshesAndAWriter)] = TwoRefreshesAndAWriter,
        [nameof(AvailableWriterThatReadsAndAnotherWriter)] = AvailableWriterThatReadsAndAnotherWriter,
    };

    // Each in a process of its own.
    private static Scenario Of(params ActorKind[] kinds) => new([.. kinds.Select(static (kind, i) => new ActorPlan(kind, i))]);
}
