using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Xunit;
using Strategy = CascadeCache.Emulators.Datastore.Protocol.Mutation.Types.ConflictResolutionStrategy;
using Value = CascadeCache.Emulators.Datastore.Protocol.Value;

namespace CascadeCache.Emulators.Tests.Datastore;

public sealed class MutationTests
{
    [Fact]
    public async Task Insert_and_update_look_at_what_exists()
    {
        await using var rig = await Rig.StartAsync();
        await Rig.RefusedAsync(StatusCode.NotFound, rig.CommitAsync(new Mutation { Update = Rig.Entity("a") }));
        await rig.CommitAsync(new Mutation { Insert = Rig.Entity("a") });
        await Rig.RefusedAsync(StatusCode.AlreadyExists, rig.CommitAsync(new Mutation { Insert = Rig.Entity("a") }));
        await rig.CommitAsync(new Mutation { Update = Rig.Entity("a", ("n", Rig.Int(1))) });
        Assert.Equal(1, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);
    }

    [Fact]
    public async Task A_failing_mutation_leaves_nothing_of_the_others()
    {
        await using var rig = await Rig.StartAsync();
        await Rig.RefusedAsync(StatusCode.NotFound, rig.CommitAtomicAsync(Rig.Upsert("a"), new Mutation { Update = Rig.Entity("absent") }));
        Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Missing);
        Assert.Equal(0, rig.Emulator.Statistics.EntitiesWritten);
    }

    [Fact]
    public async Task An_incomplete_key_gets_an_id_that_the_result_tells()
    {
        await using var rig = await Rig.StartAsync();
        var results = (await rig.CommitAsync(new Mutation { Insert = Rig.Entity(Rig.Incomplete()) }, Rig.Upsert("a"))).MutationResults;
        Assert.InRange(results[0].Key.Path[0].Id, 1, 1L << 53);
        Assert.Null(results[1].Key);
        Assert.Single((await rig.LookupAsync(null, results[0].Key)).Found);
    }

    [Fact]
    public async Task Mutations_of_one_entity_apply_in_order()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAtomicAsync(
            new Mutation { Insert = Rig.Entity("a", ("n", Rig.Int(1))) },
            new Mutation { Update = Rig.Entity("a", ("n", Rig.Int(2))) },
            Rig.Delete("a"),
            new Mutation { Insert = Rig.Entity("a", ("n", Rig.Int(3))) });
        Assert.Equal(3, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);
    }

    [Theory]
    [InlineData("insert", "insert")]
    [InlineData("update", "insert")]
    [InlineData("upsert", "insert")]
    [InlineData("delete", "update")]
    public async Task Four_pairs_on_one_entity_are_refused(string first, string second)
    {
        await using var rig = await Rig.StartAsync();
        if (first is "update" or "delete")
        {
            await rig.CommitAsync(Rig.Upsert("a"));
        }

        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAtomicAsync(Of(first), Of(second)));
    }

    [Fact]
    public async Task A_non_transactional_commit_takes_an_entity_once()
    {
        await using var rig = await Rig.StartAsync();
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(Rig.Upsert("a"), Rig.Delete("a")));
    }

    [Fact]
    public async Task A_strategy_needs_something_to_detect_a_conflict_by()
    {
        await using var rig = await Rig.StartAsync();
        var mutation = Rig.Upsert("a");
        mutation.ConflictResolutionStrategy = Strategy.Fail;
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(mutation));
    }

    [Fact]
    public async Task A_mask_replaces_and_removes_what_it_names_and_leaves_the_rest()
    {
        await using var rig = await Rig.StartAsync();
        var inner = Rig.Entity(new Key(), ("x", Rig.Int(1)), ("y", Rig.Int(2)));
        inner.Key = null;
        await rig.CommitAsync(Rig.Upsert("a", ("kept", Rig.Int(1)), ("gone", Rig.Int(2)), ("inner", new Value { EntityValue = inner })));
        var update = new Mutation
        {
            Update = Rig.Entity("a", ("kept", Rig.Int(9)), ("inner", new Value { EntityValue = new Entity { Properties = { ["x"] = Rig.Int(7) } } })),
            PropertyMask = new PropertyMask { Paths = { "gone", "inner.x" } },
        };
        await rig.CommitAsync(update);

        var read = (await rig.GetAsync("a")).Entity.Properties;
        Assert.Equal(["inner", "kept"], read.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(1, read["kept"].IntegerValue);
        Assert.Equal((7, 2), (read["inner"].EntityValue.Properties["x"].IntegerValue, read["inner"].EntityValue.Properties["y"].IntegerValue));
    }

    [Fact]
    public async Task Transforms_compute_from_what_is_stored()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("sum", Rig.Int(long.MaxValue - 1)), ("low", Rig.Int(5)), ("high", Rig.Int(5)), ("list", Rig.List(Rig.Int(1), Rig.Int(2)))));
        var mutation = new Mutation
        {
            Update = Rig.Entity("a"),
            PropertyMask = new PropertyMask(),
            PropertyTransforms =
            {
                new PropertyTransform { Property = "sum", Increment = Rig.Int(5) },
                new PropertyTransform { Property = "low", Minimum = Rig.Int(3) },
                new PropertyTransform { Property = "high", Maximum = new Value { DoubleValue = 4.5 } },
                new PropertyTransform { Property = "list", AppendMissingElements = Rig.List(new Value { DoubleValue = 2 }, Rig.Int(3)).ArrayValue },
                new PropertyTransform { Property = "list", RemoveAllFromArray = Rig.List(Rig.Int(1)).ArrayValue },
                new PropertyTransform { Property = "at", SetToServerValue = PropertyTransform.Types.ServerValue.RequestTime },
            },
        };
        var results = (await rig.CommitAsync(mutation)).MutationResults[0].TransformResults;

        var read = (await rig.GetAsync("a")).Entity.Properties;
        Assert.Equal((long.MaxValue, 3L, 5L), (read["sum"].IntegerValue, read["low"].IntegerValue, read["high"].IntegerValue));
        Assert.Equal([2, 3], read["list"].ArrayValue.Values.Select(value => value.IntegerValue));
        Assert.Equal(rig.Time.GetUtcNow(), read["at"].TimestampValue.ToDateTimeOffset());
        Assert.Equal(6, results.Count);
        Assert.Equal(long.MaxValue, results[0].IntegerValue);
        Assert.Equal(Value.ValueTypeOneofCase.NullValue, results[3].ValueTypeCase);
    }

    [Fact]
    public async Task Timestamps_are_stored_in_whole_microseconds()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("t", new Value { TimestampValue = new Timestamp { Seconds = 7, Nanos = 1999 } })));
        Assert.Equal(1000, (await rig.GetAsync("a")).Entity.Properties["t"].TimestampValue.Nanos);
    }

    [Fact]
    public async Task Projects_databases_and_namespaces_are_separate()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a"));
        Assert.Single((await rig.LookupAsync(new LookupRequest { ProjectId = "other", Keys = { Rig.Named("a") } })).Missing);
        Assert.Single((await rig.LookupAsync(new LookupRequest { DatabaseId = "other", Keys = { Rig.Named("a") } })).Missing);
        var apart = Rig.Named("a");
        apart.PartitionId = new PartitionId { NamespaceId = "apart" };
        var missing = Assert.Single((await rig.LookupAsync(null, apart)).Missing);
        Assert.Equal(new PartitionId { ProjectId = Rig.Project, NamespaceId = "apart" }, missing.Entity.Key.PartitionId);
    }

    private static Mutation Of(string operation) => operation switch
    {
        "insert" => new Mutation { Insert = Rig.Entity("a") },
        "update" => new Mutation { Update = Rig.Entity("a") },
        "upsert" => Rig.Upsert("a"),
        _ => Rig.Delete("a"),
    };
}
