using CascadeCache.Datastore.Protocol;
using CascadeCache.Diagnostics;
using CascadeCache.Emulators;
using CascadeCache.Entries;
using CascadeCache.Tiers;

namespace CascadeCache.Contract.Tests.LargeValues;

/// <summary>A reader of a large value sees one write of it, whatever happens between its requests.</summary>
public sealed class SnapshotTests
{
    private const int Large = 9_000_000;

    public static TheoryData<string> Changes => new() { "replace", "grow", "shrink", "small", "remove", "remove and store" };

    [Theory, MemberData(nameof(Changes))]
    public async Task A_change_before_every_lookup_of_chunks_is_not_seen(string change)
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        DurableRead read = await ReadAmongChangesAsync(lab, lab.NewTier(), change);

        Assert.Equal(Large, read.Value!.Value.Payload.Length);
        Assert.True(ChunkLab.IsWhole(read.Value.Value.Payload.ToArray()));
        Assert.Equal(1, read.Value.Value.Payload.Span[0]);
        Assert.Equal(9, lab.Counters.Get(Counter.DatastoreReadsForGet));
    }

    // What the check above catches: a reader that takes every chunk as it is at the moment. That its generations differ saves it from a torn value, not from failing.
    [Fact]
    public async Task The_broken_twin_without_the_snapshot_does_not_get_the_value()
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        using var blind = new RewritingHandler(lookup: static request => request.ReadOptions = null);

        await Assert.ThrowsAsync<CascadeRejectedException>(() => ReadAmongChangesAsync(lab, lab.NewTier(blind), "replace"));
    }

    [Fact]
    public async Task Readers_see_whole_values_while_it_grows_shrinks_and_goes()
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        using var done = new CancellationTokenSource();
        int one = (int)lab.Layout.OneEntityBytes;
        int[] sizes = [10, one, one + 1, 2_500_000, 4_200_000];
        DatastoreTier writer = lab.NewTier();
        await writer.WriteAsync(ChunkLab.Key, ChunkLab.Value(one + 1), WriteCondition.Always, DurableCause.Set, ChunkLab.Call);

        Task<HashSet<int>>[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => ReadUntilAsync(lab.NewTier(), done.Token)))];
        for (int i = 0; i < 60; i++)
        {
            if (i % 7 == 6)
            {
                await writer.DeleteAsync(ChunkLab.Key, null, DurableCause.Remove, ChunkLab.Call, i % 2 == 0 ? long.MaxValue : 0);
            }
            else
            {
                await writer.WriteAsync(ChunkLab.Key, ChunkLab.Value(sizes[(i * 3) % sizes.Length], i), WriteCondition.Always, DurableCause.Set, ChunkLab.Call, i % 2 == 0 ? long.MaxValue : 0);
            }
        }

        await done.CancelAsync();
        Assert.All(await Task.WhenAll(readers), static seen => Assert.NotEmpty(seen));
    }

    /// <summary>Reads, and changes the value before each of the lookups that read chunks.</summary>
    private static async Task<DurableRead> ReadAmongChangesAsync(ChunkLab lab, DatastoreTier reader, string change)
    {
        DatastoreTier writer = lab.NewTier();
        await writer.WriteAsync(ChunkLab.Key, ChunkLab.Value(Large), WriteCondition.Always, DurableCause.Set, ChunkLab.Call);
        int seed = 1;
        lab.Before = async point =>
        {
            if (point.Method == "Lookup" && point.KeyNames.Any(static name => name.Contains('#', StringComparison.Ordinal)))
            {
                await ChangeAsync(writer, change, ++seed);
            }
        };
        DurableRead read = await reader.ReadAsync(ChunkLab.Key, DurableCause.Get, ChunkLab.Call);
        Assert.True(seed > 2, "the chunks were read in one lookup");
        return read;
    }

    private static async Task ChangeAsync(DatastoreTier writer, string change, int seed)
    {
        if (change.StartsWith("remove", StringComparison.Ordinal))
        {
            await writer.DeleteAsync(ChunkLab.Key, null, DurableCause.Remove, ChunkLab.Call, long.MaxValue);
        }

        int size = change switch
        {
            "grow" => Large + 1_000_000,
            "shrink" => 2_000_000,
            "small" => 10,
            _ => Large,
        };
        if (change != "remove")
        {
            await writer.WriteAsync(ChunkLab.Key, ChunkLab.Value(size, seed), WriteCondition.Always, DurableCause.Set, ChunkLab.Call, long.MaxValue);
        }
    }

    private static async Task<HashSet<int>> ReadUntilAsync(DatastoreTier tier, CancellationToken done)
    {
        var seen = new HashSet<int>();
        while (!done.IsCancellationRequested)
        {
            DurableRead read = await tier.ReadAsync(ChunkLab.Key, DurableCause.Get, ChunkLab.Call);
            if (read.Value is { } value)
            {
                Assert.True(ChunkLab.IsWhole(value.Payload.ToArray()), "a mixture of two writes was read");
                seen.Add((int)value.Payload.Length);
            }
        }

        return seen;
    }
}
