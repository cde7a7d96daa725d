using System.Text;
using CascadeCache.Fuzz;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Fuzz.Targets;

namespace CascadeCache.Tests.Fuzz;

/// <summary>A short run of every fuzz target: the committed corpus, and mutations of it that are the same every time. The command of the Fuzz project runs longer.</summary>
public sealed class FuzzTargetTests
{
    private const int Mutations = 1500;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static TheoryData<string> Names => [.. AllTargets.Create().Select(static t => t.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nothing_that_comes_from_outside_breaks_it(string name)
    {
        IFuzzTarget target = AllTargets.Create().Single(t => t.Name == name);
        IReadOnlyList<byte[]> seeds = SeedCorpus.Of(name);
        Assert.NotEmpty(seeds);
        var run = new FuzzRun(target, seed: 20260101, seeds);

        // On a thread of its own, so that an input that does not end fails the test.
        await Task.Run(
            () =>
            {
                run.ReplayCorpus();
                run.MutateWhile(() => run.Executions < Mutations);
            },
            TestContext.Current.CancellationToken).WaitAsync(Limit, TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.Empty(run.Failures.Select(static f => $"{f.Reason}: {Convert.ToHexString(f.Input)}"));
        Assert.True(run.Outcomes.Count >= 4, "the inputs reach too little: " + string.Join(", ", run.Outcomes));
    }

    [Fact]
    public void The_same_seed_gives_the_same_inputs()
    {
        IReadOnlyList<byte[]> corpus = SeedCorpus.Of("reply");

        Assert.Equal(Inputs(1, corpus), Inputs(1, corpus));
        Assert.NotEqual(Inputs(1, corpus), Inputs(2, corpus));
    }

    [Theory]
    [InlineData("all", 9)]
    [InlineData("reply --seconds 3 --seed 5", 1)]
    public void The_command_line_is_understood(string line, int targets)
    {
        Assert.True(FuzzArguments.TryParse(line.Split(' '), out FuzzArguments? arguments, out _));
        Assert.Equal(targets, arguments.Targets.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("unknown")]
    [InlineData("reply --seconds 0")]
    [InlineData("reply --seed")]
    [InlineData("reply --replay no-such-file")]
    [InlineData("all --what 1")]
    public void A_command_line_that_is_not_understood_is_refused(string line)
    {
        Assert.False(FuzzArguments.TryParse(line.Split(' '), out _, out string? fault));
        Assert.NotEmpty(fault);
    }

    private static List<string> Inputs(int seed, IReadOnlyList<byte[]> corpus)
    {
        var mutator = new Mutator(new Random(seed), [Encoding.ASCII.GetBytes(" O1")], isText: true);
        return [.. Enumerable.Range(0, 100).Select(_ => Convert.ToHexString(mutator.Next(corpus)))];
    }
}
