using CascadeCache.Diagnostics;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>The README's table of outages, row by row: what every call sees while it lasts, what is counted, and that afterwards nothing is lost or stale.</summary>
public abstract class OutageTableTests
{
    private protected static TheoryData<string, CascadeConsistency, CallStyle> Cases(IEnumerable<OutageRow> rows)
    {
        var cases = new TheoryData<string, CascadeConsistency, CallStyle>();
        foreach (OutageRow row in rows)
        {
            cases.Add(row.Name, CascadeConsistency.Available, CallStyle.Async);
            cases.Add(row.Name, CascadeConsistency.Strict, CallStyle.Sync);
        }

        return cases;
    }

    private protected static async Task RunAsync(OutageRow row, CascadeConsistency consistency, CallStyle style)
    {
        await using OutageScene scene = await OutageScene.StartAsync(row, consistency, style);
        CascadeDistributedCache one = scene.One;
        Counter[] counters = [.. row.Counted.Where(counter => counter != Counter.BacklogAdded || consistency == CascadeConsistency.Available)];
        long[] before = [.. counters.Select(one.Parts.Counters.Get)];

        await row.BreakAsync(scene);
        string[] outcomes = await Task.WhenAll(
            ReadAsync(() => one.GetAsync(style, "cached")),
            ReadAsync(() => one.GetAsync(style, "durable")),
            OutcomeAsync(() => one.SetAsync(style, "written", 2)),
            OutcomeAsync(() => one.RefreshAsync(style, "refreshed")),
            OutcomeAsync(() => one.RemoveAsync(style, "removed")));
        string set = outcomes[2];
        string remove = outcomes[4];
        string[] cells = [row.GetCached, row.GetUncached, row.Set, row.Refresh, row.Remove];
        for (int i = 0; i < cells.Length; i++)
        {
            AssertIs(row, OutageRow.For(cells[i], consistency), outcomes[i]);
        }

        if (row.GetUncached == OutageRow.Works)
        {
            Assert.Equal((byte[])[set == OutageRow.Works ? (byte)2 : (byte)1], await one.GetAsync(style, "written"));
            Assert.Equal(remove == OutageRow.Works, await one.GetAsync(style, "removed") is null);
        }

        bool sessionWorked = await scene.CountAsync(0) == 2;
        AssertIs(row, OutageRow.For(row.Session, consistency) == OutageRow.Works ? "works" : "fails", sessionWorked ? "works" : "fails", OutageRow.Works);
        Assert.All(counters.Zip(before), counted => Assert.True(one.Parts.Counters.Get(counted.First) > counted.Second, $"{counted.First} was not counted."));

        await row.HealAsync(scene);
        await scene.UntilServedAgainAsync();
        await AssertNothingIsLostOrStaleAsync(scene, style, set, remove);
        Assert.Equal(sessionWorked ? 3 : 2, await scene.CountAsync(1));
    }

    private static async Task AssertNothingIsLostOrStaleAsync(OutageScene scene, CallStyle style, string set, string remove)
    {
        foreach (CascadeDistributedCache cache in (CascadeDistributedCache[])[scene.Other, scene.One])
        {
            foreach (string key in (string[])["cached", "durable", "refreshed"])
            {
                Assert.Equal([1], await cache.GetAsync(style, key));
            }
        }

        // Of an unknown outcome only one thing is sure: everybody sees the same one.
        byte[]? written = await scene.One.GetAsync(style, "written");
        byte[]? removed = await scene.One.GetAsync(style, "removed");
        Assert.Equal(written, await scene.Other.GetAsync(style, "written"));
        Assert.Equal(removed, await scene.Other.GetAsync(style, "removed"));
        Assert.True(set == OutageRow.Unknown || written is [var value] && value == (set == OutageRow.Works ? 2 : 1));
        Assert.True(remove == OutageRow.Unknown || (removed is null) == (remove == OutageRow.Works));
    }

    private static void AssertIs(OutageRow row, string expected, string actual, string lucky = OutageRow.Works)
    {
        if (!(row.MayWorkUnderStrict && actual == lucky))
        {
            Assert.Equal(expected, actual);
        }
    }

    private static async Task<string> ReadAsync(Func<Task<byte[]?>> read)
    {
        byte[]? value = null;
        string outcome = await OutcomeAsync(async () => value = await read());
        return outcome == OutageRow.Works && value is not [1] ? "missing" : outcome;
    }

    private static async Task<string> OutcomeAsync(Func<Task> call) => await Record.ExceptionAsync(call) switch
    {
        null => OutageRow.Works,
        CascadeUnavailableException => OutageRow.Unavailable,
        CascadeOutcomeUnknownException => OutageRow.Unknown,
        CascadeRejectedException => OutageRow.Rejected,
        Exception e => e.ToString(),
    };
}

/// <summary>The rows in which memcached fails.</summary>
public sealed class MemcachedOutageTableTests : OutageTableTests
{
    public static TheoryData<string, CascadeConsistency, CallStyle> Cases() => Cases(OutageRows.Memcached);

    [Theory, MemberData(nameof(Cases))]
    public Task Each_call_sees_what_the_table_says_and_nothing_is_lost(string row, CascadeConsistency consistency, CallStyle style) =>
        RunAsync(OutageRows.Memcached.Single(r => r.Name == row), consistency, style);
}

/// <summary>The rows in which Datastore fails, alone or with memcached.</summary>
public sealed class DatastoreOutageTableTests : OutageTableTests
{
    public static TheoryData<string, CascadeConsistency, CallStyle> Cases() => Cases(OutageRows.Datastore);

    [Theory, MemberData(nameof(Cases))]
    public Task Each_call_sees_what_the_table_says_and_nothing_is_lost(string row, CascadeConsistency consistency, CallStyle style) =>
        RunAsync(OutageRows.Datastore.Single(r => r.Name == row), consistency, style);

    [Fact]
    public void The_README_has_these_rows_and_no_others()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "README.md")) || !Directory.Exists(Path.Combine(folder, "src")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("There is no README.md above the tests.");
        }

        IEnumerable<string> table = File.ReadLines(Path.Combine(folder, "README.md"))
            .SkipWhile(static line => !line.StartsWith("| outage |", StringComparison.Ordinal))
            .Skip(2)
            .TakeWhile(static line => line.StartsWith('|'))
            .Select(static line => line[2..line[..^1].LastIndexOf(" | ", StringComparison.Ordinal)]);

        Assert.Equal([.. OutageRows.Memcached.Concat(OutageRows.Datastore).Select(static row => row.Cells())], table.ToArray());
    }
}
