using CascadeCache.TestKit.Interleavings;

namespace CascadeCache.Consistency.Tests.Interleavings;

/// <summary>
/// Every schedule of a few operations on one key, with up to so many faults, through the flow's own code: none breaks a rule (<see cref="WorldRules"/>). More faults at
/// once than a test run has time for are explored by the command <c>interleavings</c> of CascadeCache.Stress.
/// </summary>
public class AllSchedulesTests
{
    [Theory]
    [InlineData(nameof(Scenarios.TwoWritersAndTwoReaders), true)]
    [InlineData(nameof(Scenarios.TwoWritersAndTwoReaders), false)]
    [InlineData(nameof(Scenarios.ThreeWriters), true)]
    [InlineData(nameof(Scenarios.ARemovalAWriterAndAReader), true)]
    [InlineData(nameof(Scenarios.ALargeAndASmallValueAndAReader), true)]
    [InlineData(nameof(Scenarios.TwoRefreshesAndAWriter), true)]
    [InlineData(nameof(Scenarios.AReplacementAWriterAndAReader), true)]
    [InlineData(nameof(Scenarios.AReplacementAWriterAndAReader), false)]
    [InlineData(nameof(Scenarios.TwoReplacementsAndAReader), false)]
    public void Without_faults(string scenario, bool isCached) => Explore(scenario, FaultKinds.None, 0, isCached);

    [Theory]
    [InlineData(nameof(Scenarios.TwoWritersAndTwoReaders), true)]
    [InlineData(nameof(Scenarios.ARemovalAWriterAndAReader), true)]
    [InlineData(nameof(Scenarios.ALargeAndASmallValueAndAReader), true)]
    [InlineData(nameof(Scenarios.TwoRefreshesAndAWriter), true)]
    [InlineData(nameof(Scenarios.TwoWritersAndAReader), false)]
    [InlineData(nameof(Scenarios.TwoReplacementsAndAReader), true)]
    public void With_one_fault_of_any_kind_that_leaves_the_locks_alone(string scenario, bool isCached) => Explore(scenario, FaultKinds.AllButLostLock, 1, isCached);

    [Theory]
    [InlineData(nameof(Scenarios.AWriterAndAReader), true)]
    [InlineData(nameof(Scenarios.AWriterAndAReader), false)]
    [InlineData(nameof(Scenarios.TwoWriters), true)]
    public void With_two_of_them(string scenario, bool isCached) => Explore(scenario, FaultKinds.AllButLostLock, 2, isCached);

    [Theory]
    [InlineData(nameof(Scenarios.TwoWritersAndTwoReaders), true)]
    [InlineData(nameof(Scenarios.TwoWritersAndAReader), false)]
    [InlineData(nameof(Scenarios.TwoRefreshesAndAWriter), true)]
    public void With_one_lock_lost(string scenario, bool isCached) => Explore(scenario, FaultKinds.LostLock, 1, isCached);

    [Theory]
    [InlineData(nameof(FaultKinds.Cut), 1)]
    [InlineData(nameof(FaultKinds.ReplyLost), 2)]
    public void Where_availability_comes_first(string faults, int maxFaults) =>
        Explore(nameof(Scenarios.AvailableWriterThatReadsAndAnotherWriter), Enum.Parse<FaultKinds>(faults), maxFaults, isCached: true);

    private static void Explore(string name, FaultKinds faults, int maxFaults, bool isCached)
    {
        Scenario scenario = Scenarios.All[name] with { Faults = faults, MaxFaults = maxFaults, MaxWaits = maxFaults > 0 ? 1 : 0, IsCached = isCached };
        SearchResult result = Search.Run(scenario, TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper?.WriteLine(result.ToString());
        Assert.True(result.Violation is null, result.Violation + Environment.NewLine + result.Trace);
        Assert.True(result.IsComplete, result.ToString());
    }
}
