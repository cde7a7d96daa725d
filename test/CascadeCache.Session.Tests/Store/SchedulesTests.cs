using CascadeCache.Session.Tests.Store.Fakes;
using Microsoft.AspNetCore.Http;

namespace CascadeCache.Session.Tests.Store;

/// <summary>Random schedules of several requests against a model of the merge, and the broken twins that they, or a script, have to tell from the real thing.</summary>
public sealed class SchedulesTests
{
    private const int Schedules = 1_000;

    [Fact]
    public async Task Whatever_the_schedule_the_model_tells_what_is_stored()
    {
        (long conflicts, long waits) = (0, 0);
        for (int seed = 0; seed < Schedules; seed++)
        {
            var run = new ModelRun(seed, Defect.None);
            string? story = await run.RunAsync();
            Assert.True(story is null, $"seed {seed}\n{story}");
            (conflicts, waits) = (conflicts + run.Conflicts, waits + run.Waits);
        }

        Assert.True(conflicts > Schedules, $"only {conflicts} commits met another");
        Assert.True(waits > Schedules / 2, $"only {waits} commits waited for another");
    }

    [Theory]
    [InlineData(Defect.BaseIsLoggingRead)]
    [InlineData(Defect.BaseIsMerged)]
    [InlineData(Defect.EmptyIsClear)]
    [InlineData(Defect.ClearIsIgnored)]
    [InlineData(Defect.SecondCommitTrustsItsVersion)]
    public async Task A_broken_twin_is_caught(Defect defect)
    {
        int caught = 0;
        for (int seed = 0; seed < Schedules && caught == 0; seed++)
        {
            caught += await new ModelRun(seed, defect).RunAsync() is null ? 0 : 1;
        }

        Assert.True(caught > 0, "no schedule told it from the real thing");
    }

    [Theory]
    [InlineData(Defect.None, "k=1")]
    [InlineData(Defect.NeverRefreshesWhatItLoaded, "")]
    public async Task A_long_request_keeps_its_session_alive(Defect defect, string expected)
    {
        var lab = new SessionLab(defect: defect);
        await SeedAsync(lab);
        ISession session = await lab.LoadAsync();
        lab.Clock.Advance(TimeSpan.FromMinutes(19));
        await session.CommitAsync(TestContext.Current.CancellationToken);
        lab.Clock.Advance(TimeSpan.FromMinutes(19));

        Assert.Equal(expected, Script.Show(await lab.LoadAsync()));
    }

    [Theory]
    [InlineData(false, "a=1,k=1")]
    [InlineData(true, "a=1")]
    public async Task A_missing_session_is_not_one_that_others_emptied(bool isTakenForEmpty, string expected)
    {
        var lab = new SessionLab();
        await SeedAsync(lab);
        ISession session = await lab.LoadAsync();
        byte[] empty = [2, 0, 0, 0, .. lab.Stored.Peek(SessionLab.Key).AsSpan(4, 16)];
        lab.Stored.Remove(SessionLab.Key);
        lab.Cache.Distort = value => isTakenForEmpty && value.Value is null ? value with { Value = empty } : value;
        session.SetString("a", "1");
        await session.CommitAsync(TestContext.Current.CancellationToken);
        lab.Cache.Distort = null;

        Assert.Equal(expected, Script.Show(await lab.LoadAsync()));
    }

    private static async Task SeedAsync(SessionLab lab)
    {
        ISession session = await lab.LoadAsync();
        session.SetString("k", "1");
        await session.CommitAsync(TestContext.Current.CancellationToken);
    }
}
