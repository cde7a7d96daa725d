using CascadeCache.Datastore.Protocol;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Tiers;
using Grpc.Core;
using Xunit;

namespace CascadeCache.Tests.Datastore;

/// <summary>A value that needs several entities is stored by one commit, all or nothing, under the conditions of any other.</summary>
public sealed class ChunkWriteTests
{
    private const string Header = "Session/session.k1";
    private const string One = "SessionChunk/session.k1#1";
    private const string Two = "SessionChunk/session.k1#2";

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_write_is_one_transaction_of_its_own_with_all_entities(bool blocking)
    {
        using var rig = new TierRig();
        rig.Script.Then(ChunkRig.Committed(3, version: 11));

        DurableWrite write = await rig.Tier.WriteAsync(TierRig.Key, ChunkRig.Value(3), WriteCondition.Always, DurableCause.Set, TierRig.Call(blocking));

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 11), write);
        CommitRequest commit = Assert.Single(rig.Script.Requests).Commit;
        Assert.Equal(CommitRequest.Types.Mode.Transactional, commit.Mode);
        Assert.NotNull(commit.SingleUseTransaction.ReadWrite);
        Assert.Equal([$"Upsert {Header}", $"Upsert {One}", $"Upsert {Two}"], ChunkRig.Mutations(commit));
        Assert.Equal(ChunkRig.Entities(ChunkRig.Value(3)), commit.Mutations.Select(static mutation => mutation.Upsert));
        Assert.Equal(3, rig.Counters.Get(Counter.DatastoreWritesForSet));
    }

    [Fact]
    public async Task Every_write_has_a_generation_of_its_own_in_all_its_entities()
    {
        using var rig = new TierRig();
        rig.Script.Then(ChunkRig.Committed(2)).Then(ChunkRig.Committed(2));

        await WriteAsync(rig, WriteCondition.Always);
        await WriteAsync(rig, WriteCondition.Always);

        var generations = rig.Script.Requests.Select(static request => Assert.Single(request.Commit.Mutations.Select(static m => m.Upsert.Properties["Generation"].BlobValue).Distinct()));
        Assert.Equal(2, generations.Distinct().Count());
    }

    [Fact]
    public async Task A_value_that_just_fits_is_written_as_ever_and_one_byte_more_is_cut()
    {
        using var rig = new TierRig();
        DurableValue fits = TierRig.Value(ChunkRig.Bytes(ChunkRig.OneEntity, 1));
        DurableValue larger = TierRig.Value(ChunkRig.Bytes(ChunkRig.OneEntity + 1, 1));
        rig.Script.Then(TierRig.Committed()).Then(ChunkRig.Committed(2));

        await rig.Tier.WriteAsync(TierRig.Key, fits, WriteCondition.Always, DurableCause.Set, TierRig.Call());
        await rig.Tier.WriteAsync(TierRig.Key, larger, WriteCondition.Always, DurableCause.Set, TierRig.Call());

        CommitRequest[] commits = [.. rig.Script.Requests.Select(static request => request.Commit)];
        Assert.Equal(
            new CommitRequest { ProjectId = "proj", Mode = CommitRequest.Types.Mode.NonTransactional, Mutations = { new Mutation { Upsert = TierRig.Codec().Encode(TierRig.Key, fits) } } },
            commits[0]);
        Assert.Equal(2, commits[1].Mutations.Count);
    }

    [Fact]
    public async Task A_write_over_a_version_fails_as_a_whole_if_that_does_not_stand()
    {
        using var rig = new TierRig();
        rig.Script.Then(ChunkRig.Committed(2, version: 43));
        rig.Script.Then(StatusCode.Aborted).Then(ChunkRig.Masked(2, version: 50));
        rig.Script.Then(StatusCode.FailedPrecondition).Then(ChunkRig.Masked(1, version: 51));
        rig.Script.Then(StatusCode.NotFound).Then(TierRig.Missing(TierRig.Key, version: 60));

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 43), await WriteAsync(rig, WriteCondition.IfVersion(42)));
        Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, 50), await WriteAsync(rig, WriteCondition.IfVersion(42)));
        Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, 51), await WriteAsync(rig, WriteCondition.IfVersion(42), generations: rig.Generations));
        Assert.Equal(new DurableWrite(DurableWriteStatus.NotFound, DurableWrite.Gone), await WriteAsync(rig, WriteCondition.IfVersion(42), generations: rig.Generations));

        SentRequest[] sent = [.. rig.Script.Requests];
        Assert.Equal([$"Update {Header} if 42 Fail", $"Upsert {One}"], ChunkRig.Mutations(sent[0].Commit));
        Assert.Equal(["Chunks"], sent[2].Lookup.PropertyMask.Paths);
        Assert.Equal((0, 0, 3), (rig.Counters.Get(Counter.DatastoreFailures), rig.Counters.Get(Counter.DatastoreRetries), rig.Counters.Get(Counter.DatastoreReadsForSet)));
    }

    [Fact]
    public async Task Contention_is_told_from_a_conflict_by_the_version_that_still_stands_and_is_tried_again()
    {
        using var rig = new TierRig(time: TimeProvider.System);
        rig.Script.Then(StatusCode.Aborted).Then(ChunkRig.Masked(2, version: 42)).Then(ChunkRig.Committed(2, version: 43));

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 43), await WriteAsync(rig, WriteCondition.IfVersion(42)));

        Assert.Equal(1, rig.Counters.Get(Counter.DatastoreRetries));
        Assert.Equal(4, rig.Counters.Get(Counter.DatastoreWritesForSet));
    }

    [Fact]
    public async Task A_refused_commit_stays_refused_whatever_becomes_of_the_look_at_what_stands()
    {
        using var rig = new TierRig(o => o.Resilience.Datastore.MaxRetryAttempts = 0);
        rig.Script.Then(StatusCode.Aborted).Then(StatusCode.DeadlineExceeded);
        rig.Script.Then(StatusCode.DeadlineExceeded);

        await Assert.ThrowsAsync<CascadeUnavailableException>(async () => await WriteAsync(rig, WriteCondition.IfVersion(42)));
        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(async () => await WriteAsync(rig, WriteCondition.IfVersion(42)));
    }

    [Fact]
    public async Task A_project_that_is_missing_is_no_missing_value()
    {
        using var rig = new TierRig();
        rig.Script.Then(StatusCode.NotFound).Then(StatusCode.NotFound).Then(StatusCode.NotFound);

        await Assert.ThrowsAsync<CascadeRejectedException>(async () => await WriteAsync(rig, WriteCondition.IfVersion(42)));
        await Assert.ThrowsAsync<CascadeRejectedException>(async () => await WriteAsync(rig, WriteCondition.Always));
    }

    [Fact]
    public async Task A_write_where_nothing_may_be_stored_inserts_the_header()
    {
        using var rig = new TierRig();
        rig.Script.Then(ChunkRig.Committed(2, version: 7)).Then(StatusCode.AlreadyExists);

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 7), await WriteAsync(rig, WriteCondition.IfMissing, replacedBytes: long.MaxValue));
        Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, DurableWrite.Untold), await WriteAsync(rig, WriteCondition.IfMissing));

        Assert.Equal([$"Insert {Header}", $"Upsert {One}"], ChunkRig.Mutations(rig.Script.Requests.First().Commit));
        Assert.Equal(2, rig.Script.Requests.Count);
    }

    [Theory]
    [InlineData(StatusCode.Aborted, 3)]
    [InlineData(StatusCode.Unavailable, 3)]
    [InlineData(StatusCode.Internal, 1)]
    public async Task A_write_of_several_entities_is_retried_like_any_other(StatusCode code, int attempts)
    {
        using var rig = new TierRig(o => o.Resilience.Datastore.MaxRetryAttempts = 2, TimeProvider.System);
        rig.Script.Otherwise = (_, _) => Task.FromResult(ScriptedDatastore.Failure(code, "told so"));

        await Assert.ThrowsAnyAsync<CascadeCacheException>(async () => await WriteAsync(rig, WriteCondition.Always));

        Assert.Equal(attempts, rig.Script.Requests.Count);
        Assert.Equal(attempts * 2, rig.Counters.Get(Counter.DatastoreWritesForSet));
    }

    [Theory, InlineData(1, false), InlineData(2, true)]
    public async Task An_answer_that_does_not_say_that_all_was_applied_leaves_the_outcome_open(int results, bool conflict)
    {
        using var rig = new TierRig();
        CommitResponse answer = ChunkRig.Committed(results);
        answer.MutationResults[0].ConflictDetected = conflict;
        rig.Script.Then(answer);

        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(async () => await WriteAsync(rig, WriteCondition.IfVersion(42)));
    }

    [Fact]
    public async Task Surplus_chunks_go_with_the_same_commit_under_the_version_that_had_them()
    {
        using var rig = new TierRig();
        rig.Script.Then(ChunkRig.Masked(3, version: 20)).Then(ChunkRig.Committed(3, version: 21));
        rig.Script.Then(ChunkRig.Masked(3, version: 21)).Then(ChunkRig.Committed(3, version: 22));

        DurableWrite shrunk = await WriteAsync(rig, WriteCondition.Always, replacedBytes: 3_000_000);
        DurableWrite small = await rig.Tier.WriteAsync(TierRig.Key, ChunkRig.Value(1), WriteCondition.IfVersion(21), DurableCause.Set, TierRig.Call(), long.MaxValue);

        Assert.Equal((21, 22), (shrunk.Version, small.Version));
        SentRequest[] sent = [.. rig.Script.Requests];
        Assert.Equal([$"Update {Header} if 20 Fail", $"Upsert {One}", $"Delete {Two}"], ChunkRig.Mutations(sent[1].Commit));
        Assert.Equal([$"Update {Header} if 21 Fail", $"Delete {One}", $"Delete {Two}"], ChunkRig.Mutations(sent[3].Commit));
        Assert.False(sent[3].Commit.Mutations[0].Update.Properties.ContainsKey("Chunks"));
        Assert.Equal((2, 3, 3), (rig.Counters.Get(Counter.DatastoreReadsForSet), rig.Counters.Get(Counter.DatastoreWritesForSet), rig.Counters.Get(Counter.DatastoreDeletesForSet)));
    }

    [Fact]
    public async Task A_write_without_a_condition_succeeds_although_somebody_was_faster()
    {
        using var rig = new TierRig();
        rig.Script.Then(ChunkRig.Masked(3, version: 20)).Then(StatusCode.Aborted).Then(ChunkRig.Masked(3, version: 25)).Then(TierRig.Committed(version: 26));

        DurableWrite write = await rig.Tier.WriteAsync(TierRig.Key, ChunkRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call(), long.MaxValue);

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 26), write);
        Assert.Equal([$"Upsert {Header}"], ChunkRig.Mutations(rig.Script.Requests.Last().Commit));
    }

    [Fact]
    public async Task What_is_not_known_to_be_large_is_not_looked_at()
    {
        using var rig = new TierRig();
        rig.Script.Then(TierRig.Committed()).Then(TierRig.Committed()).Then(TierRig.Committed());

        await rig.Tier.WriteAsync(TierRig.Key, ChunkRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call(), ChunkRig.OneEntity);
        await rig.Tier.DeleteAsync(TierRig.Key, null, DurableCause.Remove, TierRig.Call(), ChunkRig.OneEntity);
        await rig.Tier.ExtendAsync(TierRig.Key, 5_000_000, 42, ChunkRig.OneEntity, DurableCause.Slide, TierRig.Call());

        Assert.All(rig.Script.Requests, static request => Assert.Single(request.Commit.Mutations));
        Assert.All(rig.Script.Requests, static request => Assert.Equal(CommitRequest.Types.Mode.NonTransactional, request.Commit.Mode));
    }

    [Fact]
    public async Task A_delete_takes_the_chunks_along_if_they_are_known_of()
    {
        using var rig = new TierRig();
        rig.Script.Then(ChunkRig.Masked(3, version: 20)).Then(ChunkRig.Committed(3, version: 21));
        rig.Script.Then(ChunkRig.Masked(1, version: 30)).Then(TierRig.Committed(version: 31));
        rig.Script.Then(ChunkRig.Masked(2, version: 40)).Then(StatusCode.Aborted).Then(ChunkRig.Masked(2, version: 41)).Then(TierRig.Committed(version: 42));
        rig.Script.Then(ChunkRig.Masked(2, version: 50)).Then(StatusCode.Aborted).Then(ChunkRig.Masked(2, version: 51));

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 21), await DeleteAsync(rig, null));
        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 31), await DeleteAsync(rig, null));
        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 42), await DeleteAsync(rig, null));
        Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, 51), await DeleteAsync(rig, 50));

        SentRequest[] sent = [.. rig.Script.Requests];
        Assert.Equal([$"Delete {Header} if 20 Fail", $"Delete {One}", $"Delete {Two}"], ChunkRig.Mutations(sent[1].Commit));
        Assert.Equal([$"Delete {Header}"], ChunkRig.Mutations(sent[3].Commit));
        Assert.Equal([$"Delete {Header}"], ChunkRig.Mutations(sent[7].Commit));
        Assert.Equal((6, 3 + 1 + 2 + 1 + 2), (rig.Counters.Get(Counter.DatastoreReadsForRemove), rig.Counters.Get(Counter.DatastoreDeletesForRemove)));
    }

    [Fact]
    public async Task An_extension_moves_all_entities_at_once()
    {
        using var rig = new TierRig();
        rig.Script.Then(ChunkRig.Masked(3, version: 11)).Then(ChunkRig.Committed(3, version: 12));

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 12), await ExtendAsync(rig));

        CommitRequest commit = rig.Script.Requests.Last().Commit;
        Assert.Equal([$"Update {Header} if 11 Fail mask ExpiresAt", $"Update {One} mask ExpiresAt", $"Update {Two} mask ExpiresAt"], ChunkRig.Mutations(commit));
        Assert.All(commit.Mutations, static mutation => Assert.Equal(5_000, Assert.Single(mutation.Update.Properties).Value.TimestampValue.Seconds));
        Assert.Equal((1, 3), (rig.Counters.Get(Counter.DatastoreReadsForSlide), rig.Counters.Get(Counter.DatastoreWritesForSlide)));
    }

    [Fact]
    public async Task An_extension_of_what_is_gone_changed_or_not_whole_changes_nothing()
    {
        using var rig = new TierRig();
        rig.Script.Then(TierRig.Missing(TierRig.Key)).Then(ChunkRig.Masked(3, version: 15));
        rig.Script.Then(ChunkRig.Masked(3, version: 11)).Then(StatusCode.NotFound).Then(ChunkRig.Masked(3, version: 11));

        Assert.Equal(new DurableWrite(DurableWriteStatus.NotFound, DurableWrite.Gone), await ExtendAsync(rig));
        Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, 15), await ExtendAsync(rig));
        Assert.Equal(new DurableWrite(DurableWriteStatus.NotFound, DurableWrite.Untold), await ExtendAsync(rig));

        Assert.Equal(0, rig.Counters.Get(Counter.DatastoreFailures));
        Assert.Single(rig.Script.Requests, static request => request.Method.EndsWith("Commit", StringComparison.Ordinal));
    }

    private static async Task<DurableWrite> WriteAsync(TierRig rig, WriteCondition condition, long replacedBytes = 0, Queue<Guid>? generations = null)
    {
        generations?.Enqueue(Guid.NewGuid());
        return await rig.Tier.WriteAsync(TierRig.Key, ChunkRig.Value(2), condition, DurableCause.Set, TierRig.Call(), replacedBytes);
    }

    private static async Task<DurableWrite> DeleteAsync(TierRig rig, long? baseVersion) =>
        await rig.Tier.DeleteAsync(TierRig.Key, baseVersion, DurableCause.Remove, TierRig.Call(), long.MaxValue);

    private static async Task<DurableWrite> ExtendAsync(TierRig rig) =>
        await rig.Tier.ExtendAsync(TierRig.Key, 5_000_000, 11, valueBytes: 3_000_000, DurableCause.Slide, TierRig.Call());
}
