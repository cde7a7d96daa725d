using CascadeCache.Datastore.Protocol;
using CascadeCache.Emulators;
using CascadeCache.Entries;
using CascadeCache.Tiers;
using Grpc.Core;
using static CascadeCache.Datastore.Protocol.Mutation.Types;

namespace CascadeCache.Contract.Tests.LargeValues;

/// <summary>Conditions on large values hold for all their entities or for none.</summary>
public sealed class ConditionalTests
{
    [Fact]
    public async Task A_write_over_a_version_that_does_not_stand_changes_nothing_and_tells_what_stands()
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        DatastoreTier tier = lab.NewTier();
        DurableWrite first = await WriteAsync(tier, 3_000_000, 1, WriteCondition.IfMissing);
        DurableWrite second = await WriteAsync(tier, 3_000_000, 2, WriteCondition.IfVersion(first.Version));

        DurableWrite late = await WriteAsync(tier, 3_000_000, 3, WriteCondition.IfVersion(first.Version));
        DurableWrite taken = await WriteAsync(tier, 3_000_000, 4, WriteCondition.IfMissing);

        Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, second.Version), late);
        Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, DurableWrite.Untold), taken);
        await AssertHoldsAsync(tier, 3_000_000, 2);
        await tier.DeleteAsync(ChunkLab.Key, null, DurableCause.Remove, ChunkLab.Call);
        Assert.Equal(new DurableWrite(DurableWriteStatus.NotFound, DurableWrite.Gone), await WriteAsync(tier, 3_000_000, 5, WriteCondition.IfVersion(second.Version)));
        Assert.Null((await lab.PeekAsync())[0]);
    }

    // What the check above catches: the strategy of single entities skips the header's mutation and applies those of the chunks.
    [Fact]
    public async Task The_broken_twin_that_applies_chunks_without_their_header_breaks_the_value()
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        using var skipping = new RewritingHandler(commit: static request =>
        {
            foreach (Mutation mutation in request.Mutations.Where(static mutation => mutation.HasBaseVersion))
            {
                mutation.ConflictResolutionStrategy = ConflictResolutionStrategy.ServerValue;
            }
        });
        DatastoreTier twin = lab.NewTier(skipping);
        DurableWrite first = await WriteAsync(lab.NewTier(), 3_000_000, 1, WriteCondition.IfMissing);
        await WriteAsync(lab.NewTier(), 3_000_000, 2, WriteCondition.IfVersion(first.Version));

        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => WriteAsync(twin, 3_000_000, 3, WriteCondition.IfVersion(first.Version)));
        await Assert.ThrowsAsync<CascadeRejectedException>(async () => await lab.NewTier().ReadAsync(ChunkLab.Key, DurableCause.Get, ChunkLab.Call));
    }

    [Fact]
    public async Task Of_two_writers_over_one_version_one_wins_with_all_its_entities()
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        DatastoreTier[] tiers = [lab.NewTier(), lab.NewTier()];
        long version = (await WriteAsync(tiers[0], 10, 0, WriteCondition.IfMissing)).Version;
        int[] sizes = [4_200_000, 1_500_000, 10];
        for (int round = 0; round < 12; round++)
        {
            WriteCondition condition = WriteCondition.IfVersion(version);
            int at = round;
            DurableWrite[] writes = await Task.WhenAll(tiers.Select((tier, i) => WriteAsync(tier, sizes[(at + i) % sizes.Length], (2 * at) + i + 1, condition)));

            int winner = Assert.Single(Enumerable.Range(0, 2), i => writes[i].IsApplied);
            Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, writes[winner].Version), writes[1 - winner]);
            await AssertHoldsAsync(tiers[0], sizes[(at + winner) % sizes.Length], (2 * at) + winner + 1);
            version = writes[winner].Version;
        }
    }

    [Theory]
    [InlineData(StatusCode.Aborted)]
    [InlineData(StatusCode.Unavailable)]
    public async Task Contention_that_passes_is_no_conflict(StatusCode code)
    {
        await using ChunkLab lab = await ChunkLab.StartAsync();
        DatastoreTier tier = lab.NewTier();
        long version = (await WriteAsync(tier, 3_000_000, 1, WriteCondition.IfMissing)).Version;
        int refusals = 2;
        lab.Before = point => point.Method == "Commit" && refusals-- > 0 ? throw new DatastoreFaultException(code, "not now") : Task.CompletedTask;

        Assert.Equal(DurableWriteStatus.Applied, (await WriteAsync(tier, 3_000_000, 2, WriteCondition.IfVersion(version))).Status);
        await AssertHoldsAsync(tier, 3_000_000, 2);
    }

    private static async Task<DurableWrite> WriteAsync(DatastoreTier tier, int size, int seed, WriteCondition condition) =>
        await tier.WriteAsync(ChunkLab.Key, ChunkLab.Value(size, seed), condition, DurableCause.Set, ChunkLab.Call);

    private static async Task AssertHoldsAsync(DatastoreTier tier, int size, int seed)
    {
        DurableValue value = (await tier.ReadAsync(ChunkLab.Key, DurableCause.Get, ChunkLab.Call)).Value!.Value;
        Assert.True(value.Payload.Span.SequenceEqual(Entries.Bytes(size, seed)));
    }
}
