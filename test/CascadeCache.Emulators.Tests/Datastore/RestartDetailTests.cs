using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Op = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;
using Value = CascadeCache.Emulators.Datastore.Protocol.Value;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>What a client that kept versions, ids and instants can still do with them after the emulator was started anew on its file.</summary>
public sealed class RestartDetailTests
{
    [Fact]
    public async Task A_version_from_before_a_restart_still_guards_a_write()
    {
        using var folder = new TemporaryFolder();
        MutationResult stale, current;
        await using (var rig = await OpenAsync(folder))
        {
            stale = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0];
            current = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(2))))).MutationResults[0];
        }

        await using var later = await OpenAsync(folder);
        var mutation = Rig.Upsert("a", ("n", Rig.Int(3)));
        mutation.BaseVersion = stale.Version;
        var refused = (await later.CommitAsync(mutation)).MutationResults[0];
        Assert.Equal((true, current.Version), (refused.ConflictDetected, refused.Version));
        mutation.UpdateTime = current.UpdateTime;
        Assert.False((await later.CommitAsync(mutation)).MutationResults[0].ConflictDetected);
        Assert.Equal(3, (await later.GetAsync("a")).Entity.Properties["n"].IntegerValue);
    }

    [Fact]
    public async Task The_version_of_an_absent_entity_grows_across_a_restart()
    {
        using var folder = new TemporaryFolder();
        long deleted;
        await using (var rig = await OpenAsync(folder))
        {
            await rig.CommitAsync(Rig.Upsert("a"));
            deleted = (await rig.CommitAsync(Rig.Delete("a"))).MutationResults[0].Version;
        }

        await using var later = await OpenAsync(folder, new FakeTimeProvider(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        Assert.True(Assert.Single((await later.LookupAsync(null, Rig.Named("a"))).Missing).Version >= deleted);
        var rewritten = (await later.CommitAsync(new Mutation { Insert = Rig.Entity("a") })).MutationResults[0];
        Assert.True(rewritten.Version > deleted);
        Assert.Equal(rewritten.UpdateTime, rewritten.CreateTime);
    }

    [Fact]
    public async Task Ids_that_were_given_out_are_not_given_out_again_and_their_entities_stay()
    {
        using var folder = new TemporaryFolder();
        var ids = new HashSet<long>();
        Key inserted;
        await using (var rig = await OpenAsync(folder))
        {
            inserted = (await rig.CommitAsync(new Mutation { Insert = Rig.Entity(Rig.Incomplete(), ("n", Rig.Int(1))) })).MutationResults[0].Key;
            ids.Add(inserted.Path[0].Id);
            await AllocateAsync(rig, 50, ids);
        }

        await using var later = await OpenAsync(folder);
        await AllocateAsync(later, 50, ids);
        Assert.Equal(101, ids.Count);
        Assert.Equal(1, Assert.Single((await later.LookupAsync(null, inserted)).Found).Entity.Properties["n"].IntegerValue);
        await Rig.RefusedAsync(StatusCode.AlreadyExists, later.CommitAsync(new Mutation { Insert = Rig.Entity(inserted) }));
    }

    [Fact]
    public async Task Every_type_every_partition_and_the_indexes_come_back_as_they_were()
    {
        using var folder = new TemporaryFolder();
        var inner = new Entity { Properties = { ["x"] = Rig.Int(1) } };
        var entity = Rig.Entity(
            "a\0ž", ("null", new Value { NullValue = NullValue.NullValue }), ("text", Rig.Text("\U0001F40E")), ("real", new Value { DoubleValue = double.NaN }),
            ("blob", new Value { BlobValue = ByteString.CopyFrom(new byte[100_000]), ExcludeFromIndexes = true }), ("list", Rig.List(Rig.Int(1), Rig.Text("x"))),
            ("at", new Value { TimestampValue = new Timestamp { Seconds = -5, Nanos = 1000 } }), ("inner", new Value { EntityValue = inner }),
            ("meaning", new Value { IntegerValue = 1, Meaning = 9 }), ("empty", Rig.List()));
        entity.Key.Path.Insert(0, new Key.Types.PathElement { Kind = "Parent", Id = long.MaxValue });
        entity.Key.PartitionId = new PartitionId { NamespaceId = "space" };
        await using (var rig = await OpenAsync(folder))
        {
            await rig.CommitAsync(new Mutation { Upsert = entity });
            await rig.CommitAsync(new CommitRequest { DatabaseId = "other", Mode = CommitRequest.Types.Mode.NonTransactional, Mutations = { Rig.Upsert("b") } });
        }

        await using var later = await OpenAsync(folder);
        var read = Assert.Single((await later.LookupAsync(null, entity.Key)).Found).Entity;
        Assert.Equal(entity.Properties, read.Properties);
        Assert.Equal(entity.Key.Path, read.Key.Path);
        Assert.Single((await later.LookupAsync(new LookupRequest { DatabaseId = "other", Keys = { Rig.Named("b") } })).Found);
        Assert.Single((await later.LookupAsync(null, Rig.Named("b"))).Missing);
        var query = new RunQueryRequest { ProjectId = Rig.Project, PartitionId = entity.Key.PartitionId, Query = QueryText.Things().Where("list", Op.Equal, Rig.Text("x")) };
        var response = await later.Client.RunQueryAsync(query, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["a\0ž"], response.Batch.Names());
    }

    [Fact]
    public async Task History_that_was_forgotten_is_refused_after_a_restart_too()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        Timestamp first;
        await using (var rig = await OpenAsync(folder, time))
        {
            first = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0].UpdateTime;
            await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(2))));
            time.Advance(TimeSpan.FromHours(2));
            await rig.CommitAsync(Rig.Upsert("b"));
        }

        // A clock that went back must not make the emulator answer from a history with holes.
        await using var later = await OpenAsync(folder, new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 6, TimeSpan.Zero)));
        await Rig.RefusedAsync(StatusCode.FailedPrecondition, later.LookupAsync(new ReadOptions { ReadTime = first }, Rig.Named("a")));
    }

    private static async Task AllocateAsync(Rig rig, int count, HashSet<long> ids)
    {
        var request = new AllocateIdsRequest { ProjectId = Rig.Project, Keys = { Enumerable.Repeat(Rig.Incomplete(), count) } };
        var response = await rig.Client.AllocateIdsAsync(request, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(count, response.Keys.Count);
        ids.UnionWith(response.Keys.Select(key => key.Path[0].Id));
    }

    private static Task<Rig> OpenAsync(TemporaryFolder folder, FakeTimeProvider? time = null) =>
        Rig.StartAsync(options => options.DataFile = folder.File("data.db"), time);
}
