using CascadeCache.TestKit.Fakes;
using Xunit;

namespace CascadeCache.Tests.Flow;

/// <summary>Random interleavings, the same ones in every run. The broken twins show that they find what there is to find; the rarest one is left to its script.</summary>
public class ExplorerTests
{
    private const int Runs = 4000;

    [Theory]
    [InlineData(nameof(Faults.None), 0)]
    [InlineData(nameof(Faults.Crash), 2)]
    [InlineData(nameof(Faults.LostCommand), 2)]
    [InlineData(nameof(Faults.UnknownCommit), 2)]
    [InlineData(nameof(Faults.Cut), 2)]
    [InlineData(nameof(Faults.Restart), 2)]
    [InlineData(nameof(Faults.All), 3)]
    public void No_read_returns_less_than_was_acknowledged_or_seen_before(string faults, int maxFaults) =>
        Assert.Null(FirstViolation(Defect.None, Enum.Parse<Faults>(faults), maxFaults, checkSeen: true));

    [Fact]
    public void When_a_lock_is_lost_no_read_returns_less_than_was_acknowledged_before() =>
        Assert.Null(FirstViolation(Defect.None, Faults.LostLock, maxFaults: 1, checkSeen: false));

    [Theory]
    [InlineData(nameof(Defect.FillsWithoutToken), nameof(Faults.None))]
    [InlineData(nameof(Defect.IgnoresLocks), nameof(Faults.None))]
    [InlineData(nameof(Defect.PretendsToLock), nameof(Faults.None))]
    [InlineData(nameof(Defect.DeniesRestarts), nameof(Faults.Restart))]
    [InlineData(nameof(Defect.KeepsTokens), nameof(Faults.Restart))]
    public void Each_broken_twin_is_found(string defect, string faults) =>
        Assert.NotNull(FirstViolation(Enum.Parse<Defect>(defect), Enum.Parse<Faults>(faults), maxFaults: 2, checkSeen: true, Runs * 10));

    private static string? FirstViolation(Defect defect, Faults faults, int maxFaults, bool checkSeen, int runs = Runs)
    {
        for (int seed = 1; seed <= runs; seed++)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            if (Explorer.Run(seed, defect, faults, maxFaults, checkSeen) is { } violation)
            {
                return $"seed {seed}: {violation}";
            }
        }

        return null;
    }
}
