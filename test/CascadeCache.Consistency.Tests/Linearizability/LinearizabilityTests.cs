using CascadeCache.TestKit;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Consistency.Tests.Linearizability;

/// <summary>Not beside other tests: what it proves needs processes that get to run.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LinearizabilityCollection
{
    public const string Name = "linearizability";
}

/// <summary>
/// Short runs of the stress program; long ones are made by hand, see bench/README.md. Real memcached servers, a Datastore emulator and worker processes, all of them
/// killed, hung and cut off from each other while the load runs.
/// </summary>
[Collection(LinearizabilityCollection.Name)]
public sealed class LinearizabilityTests
{
    [Fact]
    public async Task Strict_is_linearizable_whatever_fails()
    {
        SkipRules.RequireOrSkip(RealMemcached.IsInstalled, "memcached");

        (int exitCode, string report) = await StressProgram.RunAsync("linearizability", "--seconds", "18", "--seed", "20261125");

        Assert.True(exitCode == 0, report);
        Assert.Contains("\nviolations: 0\n", report, StringComparison.Ordinal);
        Assert.Contains("RESULT: good", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Available_is_stale_only_where_it_may_be_and_no_longer_than_the_bound()
    {
        SkipRules.RequireOrSkip(RealMemcached.IsInstalled, "memcached");

        (int exitCode, string report) = await StressProgram.RunAsync("linearizability", "--consistency", "Available", "--seconds", "10", "--seed", "1125");

        Assert.True(exitCode == 0, report);
        Assert.Contains("\nviolations: 0\n", report, StringComparison.Ordinal);
        Assert.Contains("stale within the bound", report, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Strict")]
    [InlineData("Available")]
    public async Task A_naive_cache_is_found_out(string consistency)
    {
        SkipRules.RequireOrSkip(RealMemcached.IsInstalled, "memcached");

        (int exitCode, string report) = await StressProgram.RunAsync("linearizability", "--consistency", consistency, "--broken", "--seconds", "8", "--faults", "Delay,Reset");

        Assert.Equal(1, exitCode);
        Assert.Matches(@"\nviolations: [1-9]", report);
        Assert.Contains("unexpected exceptions: 0", report, StringComparison.Ordinal);
    }
}
