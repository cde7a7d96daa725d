using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Tiers;
using Google.Apis.Auth.OAuth2;
using Grpc.Core;
using Xunit;

namespace CascadeCache.Tests.Datastore;

public sealed class DatastoreRequestTests
{
    [Theory]
    [InlineData("", "project_id=example.com%3Aproj")]
    [InlineData("my db", "project_id=example.com%3Aproj&database_id=my%20db")]
    public async Task The_routing_header_names_project_and_database_escaped(string database, string expected)
    {
        using var rig = new TierRig(o =>
        {
            o.Datastore.ProjectId = "example.com:proj";
            o.Datastore.DatabaseId = database;
        });
        rig.Script.Then(TierRig.Missing(TierRig.Key));

        await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call());

        SentRequest request = Assert.Single(rig.Script.Requests);
        Assert.Equal(expected, request.Header("x-goog-request-params"));
        Assert.Equal("/google.datastore.v1.Datastore/Lookup", request.Method);
        Assert.Equal(database, request.Lookup.DatabaseId);
        Assert.Equal("example.com:proj", request.Lookup.ProjectId);
        Assert.NotNull(request.Header("grpc-timeout"));
        Assert.StartsWith("gl-dotnet/", request.Header("x-goog-api-client"), StringComparison.Ordinal);
        Assert.Null(request.Header("authorization"));
    }

    [Fact]
    public async Task The_service_gets_the_credentials_token()
    {
        using var rig = new TierRig(o =>
        {
            o.Datastore.EmulatorHost = null;
            o.Datastore.Credential = GoogleCredential.FromAccessToken("abc");
        });
        rig.Script.Then(TierRig.Missing(TierRig.Key));

        await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call());

        Assert.Equal("Bearer abc", Assert.Single(rig.Script.Requests).Header("authorization"));
        Assert.Equal("datastore.googleapis.com:443", rig.Tier.Endpoint);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_deferred_key_is_asked_for_again(bool blocking)
    {
        using var rig = new TierRig();
        Key key = TierRig.Codec().KeyOf(TierRig.Key);
        rig.Script
            .Then(new LookupResponse { Deferred = { key } })
            .Then(new LookupResponse { Deferred = { key } })
            .Then(TierRig.Found(TierRig.Codec().Encode(TierRig.Key, TierRig.Value(1, 2)), version: 9));

        DurableRead read = await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call(blocking));

        Assert.Equal(9, read.Version);
        Assert.Equal([1, 2], read.Value!.Value.Payload.ToArray());
        Assert.Equal(3, rig.Counters.Get(Counter.DatastoreReadsForGet));
    }

    [Fact]
    public async Task An_answer_about_another_key_is_refused()
    {
        using var rig = new TierRig();
        rig.Script.Then(TierRig.Found(TierRig.Codec().Encode(new CacheKey("session.other"), TierRig.Value(1))));

        await Assert.ThrowsAsync<CascadeUnavailableException>(async () => await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()));
    }

    [Fact]
    public async Task The_services_filled_in_partition_does_not_hide_an_entity()
    {
        using var rig = new TierRig(o => o.Datastore.Namespace = "ns");
        Entity entity = TierRig.Codec("ns").Encode(TierRig.Key, TierRig.Value(1));
        entity.Key.PartitionId.ProjectId = "proj";
        entity.Key.PartitionId.DatabaseId = "db";
        rig.Script.Then(TierRig.Found(entity));

        Assert.NotNull((await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call())).Value);
        Assert.Equal("ns", Assert.Single(rig.Script.Requests).Lookup.Keys[0].PartitionId.NamespaceId);
    }

    [Fact]
    public async Task A_write_is_one_upsert_outside_a_transaction()
    {
        using var rig = new TierRig();
        rig.Script.Then(TierRig.Committed(version: 11));

        DurableWrite write = await rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1, 2, 3), WriteCondition.Always, DurableCause.Set, TierRig.Call());

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 11), write);
        CommitRequest commit = Assert.Single(rig.Script.Requests).Commit;
        Assert.Equal(CommitRequest.Types.Mode.NonTransactional, commit.Mode);
        Mutation mutation = Assert.Single(commit.Mutations);
        Assert.All(mutation.Upsert.Properties.Values, p => Assert.True(p.ExcludeFromIndexes));
        Assert.False(mutation.HasBaseVersion);
        Assert.Equal(Mutation.Types.ConflictResolutionStrategy.StrategyUnspecified, mutation.ConflictResolutionStrategy);
    }

    [Fact]
    public async Task A_write_over_a_version_is_an_update_of_the_whole_entity()
    {
        using var rig = new TierRig();
        rig.Script.Then(TierRig.Committed(version: 43)).Then(TierRig.Committed(version: 50, conflict: true)).Then(StatusCode.NotFound);

        DurableWrite applied = await WriteAsync(rig, WriteCondition.IfVersion(42));
        DurableWrite changed = await WriteAsync(rig, WriteCondition.IfVersion(42));
        DurableWrite gone = await WriteAsync(rig, WriteCondition.IfVersion(42));

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 43), applied);
        Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, 50), changed);
        Assert.Equal(new DurableWrite(DurableWriteStatus.NotFound, DurableWrite.Gone), gone);
        Mutation mutation = Assert.Single(rig.Script.Requests.First().Commit.Mutations);
        Assert.Equal(Mutation.OperationOneofCase.Update, mutation.OperationCase);
        Assert.Equal(42, mutation.BaseVersion);
        Assert.Equal(Mutation.Types.ConflictResolutionStrategy.ServerValue, mutation.ConflictResolutionStrategy);
        Assert.Null(mutation.PropertyMask);
        Assert.Equal(0, rig.Counters.Get(Counter.DatastoreFailures));
    }

    [Fact]
    public async Task A_write_where_nothing_may_be_stored_is_an_insert()
    {
        using var rig = new TierRig();
        rig.Script.Then(TierRig.Committed(version: 7)).Then(StatusCode.AlreadyExists);

        DurableWrite made = await WriteAsync(rig, WriteCondition.IfMissing);
        DurableWrite taken = await WriteAsync(rig, WriteCondition.IfMissing);

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 7), made);
        Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, DurableWrite.Untold), taken);
        Mutation mutation = Assert.Single(rig.Script.Requests.First().Commit.Mutations);
        Assert.Equal(Mutation.OperationOneofCase.Insert, mutation.OperationCase);
        Assert.False(mutation.HasBaseVersion);
        Assert.Equal(0, rig.Counters.Get(Counter.DatastoreFailures));
    }

    [Fact]
    public async Task An_extension_moves_the_expiry_alone_of_the_version_it_was_read_at()
    {
        using var rig = new TierRig();
        rig.Script.Then(TierRig.Committed(version: 12));

        DurableWrite write = await rig.Tier.ExtendAsync(TierRig.Key, 5_000_123, 11, valueBytes: 1, DurableCause.Slide, TierRig.Call());

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 12), write);
        Mutation mutation = Assert.Single(Assert.Single(rig.Script.Requests).Commit.Mutations);
        Assert.Equal(["ExpiresAt"], mutation.PropertyMask.Paths);
        Assert.Equal(["ExpiresAt"], mutation.Update.Properties.Keys);
        Assert.Equal(11, mutation.BaseVersion);
        Assert.Equal(1, rig.Counters.Get(Counter.DatastoreWritesForSlide));
    }

    [Fact]
    public async Task An_extension_of_what_is_gone_or_changed_says_so()
    {
        using var rig = new TierRig();
        rig.Script.Then(StatusCode.NotFound).Then(TierRig.Committed(version: 20, conflict: true));

        DurableWrite gone = await rig.Tier.ExtendAsync(TierRig.Key, 5_000, 11, valueBytes: 1, DurableCause.Slide, TierRig.Call());
        DurableWrite changed = await rig.Tier.ExtendAsync(TierRig.Key, 5_000, 11, valueBytes: 1, DurableCause.Slide, TierRig.Call());

        Assert.Equal(DurableWriteStatus.NotFound, gone.Status);
        Assert.Equal(new DurableWrite(DurableWriteStatus.Conflict, 20), changed);
        Assert.Equal(0, rig.Counters.Get(Counter.DatastoreFailures));
    }

    [Fact]
    public async Task A_delete_tells_the_version_of_the_absence()
    {
        using var rig = new TierRig();
        rig.Script.Then(TierRig.Committed(version: 30));

        DurableWrite write = await rig.Tier.DeleteAsync(TierRig.Key, 29, DurableCause.Remove, TierRig.Call(blocking: true));

        Assert.Equal(new DurableWrite(DurableWriteStatus.Applied, 30), write);
        Mutation mutation = Assert.Single(Assert.Single(rig.Script.Requests).Commit.Mutations);
        Assert.Equal(TierRig.Key.DurableName, mutation.Delete.Path[0].Name);
        Assert.Equal(29, mutation.BaseVersion);
        Assert.Equal(1, rig.Counters.Get(Counter.DatastoreDeletesForRemove));
    }

    [Fact]
    public async Task A_blocking_call_has_ended_when_it_returns()
    {
        using var rig = new TierRig();
        rig.Script.Then(async (_, _) =>
        {
            await Task.Yield();
            return ScriptedDatastore.Ok(TierRig.Missing(TierRig.Key));
        });

        ValueTask<DurableRead> read = rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call(blocking: true));

        Assert.True(read.IsCompletedSuccessfully);
        Assert.Equal(3, (await read).Version);
    }

    [Fact]
    public async Task Another_keys_entity_under_a_hashed_name_is_missing_at_its_version()
    {
        using var rig = new TierRig();
        var key = new CacheKey("session." + new string('x', 2000));
        Entity entity = TierRig.Codec().Encode(key, TierRig.Value(1));
        entity.Properties.Remove("FullKey");
        rig.Script.Then(TierRig.Found(entity, version: 8));

        Assert.Equal(new DurableRead(null, 8, IsStored: true), await rig.Tier.ReadAsync(key, DurableCause.Get, TierRig.Call()));
    }

    [Fact]
    public async Task A_commit_without_a_result_has_an_unknown_outcome()
    {
        using var rig = new TierRig();
        rig.Script.Then(new CommitResponse());

        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(async () => await rig.Tier.DeleteAsync(TierRig.Key, null, DurableCause.Remove, TierRig.Call()));
    }

    private static async Task<DurableWrite> WriteAsync(TierRig rig, WriteCondition condition) =>
        await rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), condition, DurableCause.Set, TierRig.Call());
}
