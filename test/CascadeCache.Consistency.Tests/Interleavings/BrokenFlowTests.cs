using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Interleavings;

namespace CascadeCache.Consistency.Tests.Interleavings;

/// <summary>For each rule and each means that keeps it, a flow that lacks the means: the search must find the schedule in which that is noticed.</summary>
public class BrokenFlowTests
{
    [Theory]
    [InlineData(nameof(Defect.PublishesWithoutToken), nameof(Scenarios.TwoWritersAndAReader), nameof(FaultKinds.None), 0)]
    [InlineData(nameof(Defect.FillsWithoutToken), nameof(Scenarios.AReaderAndAWriter), nameof(FaultKinds.None), 0)]
    [InlineData(nameof(Defect.IgnoresLocks), nameof(Scenarios.TwoWriters), nameof(FaultKinds.None), 0)]
    [InlineData(nameof(Defect.PretendsToLock), nameof(Scenarios.AWriterAndAReader), nameof(FaultKinds.None), 0)]
    [InlineData(nameof(Defect.IgnoresLostTokens), nameof(Scenarios.TwoWritersAndAReader), nameof(FaultKinds.LostLock), 1)]
    [InlineData(nameof(Defect.DeletesWithoutToken), nameof(Scenarios.TwoWritersAndAReader), nameof(FaultKinds.FailedCommit), 1)]
    [InlineData(nameof(Defect.SlidesBlindly), nameof(Scenarios.TwoRefreshesAndAWriter), nameof(FaultKinds.None), 0)]
    [InlineData(nameof(Defect.SkipsMemcache), nameof(Scenarios.ALargeAndASmallValueAndAReader), nameof(FaultKinds.None), 0)]
    [InlineData(nameof(Defect.KeepsTokens), nameof(Scenarios.TwoWritersAndAReader), nameof(FaultKinds.Restart), 1)]
    [InlineData(nameof(Defect.DeniesRestarts), nameof(Scenarios.TwoWritersAndAReader), nameof(FaultKinds.Restart), 1)]
    public void Is_caught(string defect, string scenario, string faults, int maxFaults)
    {
        foreach (bool isCached in (bool[])[true, false])
        {
            Scenario broken = Scenarios.All[scenario] with
            {
                Defect = Enum.Parse<Defect>(defect),
                Faults = Enum.Parse<FaultKinds>(faults),
                MaxFaults = maxFaults,
                MaxWaits = maxFaults > 0 ? 1 : 0,
                IsCached = isCached,
            };
            SearchResult result = Search.Run(broken, TestContext.Current.CancellationToken);
            TestContext.Current.TestOutputHelper?.WriteLine(result + Environment.NewLine + result.Trace);
            if (result.Violation is not null)
            {
                return;
            }
        }

        Assert.Fail($"Nobody noticed {defect}.");
    }
}
