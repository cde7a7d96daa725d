using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Xunit;
using Op = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;
using Value = CascadeCache.Emulators.Datastore.Protocol.Value;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>Each operator, on values and on keys, and how filters combine.</summary>
public sealed class QueryFilterTests
{
    [Theory]
    [InlineData("LessThan", "a")]
    [InlineData("LessThanOrEqual", "a b")]
    [InlineData("GreaterThan", "c d")]
    [InlineData("GreaterThanOrEqual", "b c d")]
    [InlineData("Equal", "b")]
    [InlineData("NotEqual", "a c d")]
    [InlineData("In", "b")]
    [InlineData("NotIn", "a c d")]
    public async Task Each_operator_compares_values_and_keys(string name, string expected)
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync([.. "abcd".Select((letter, i) => Rig.Upsert($"{letter}", ("p", Rig.Int(i)), ("t", At(i)), ("b", Blob(i))))]);
        await rig.CommitAsync(Rig.Upsert("e", ("other", Rig.Int(1)))); // has none of the properties
        var op = System.Enum.Parse<Op>(name);
        var list = op is Op.In or Op.NotIn;
        foreach (var (property, value) in new[] { ("p", Rig.Int(1)), ("t", At(1)), ("b", Blob(1)), ("p", new Value { DoubleValue = 1 }) })
        {
            var filter = QueryText.Things().Where(property, op, list ? Rig.List(value) : value);
            Assert.Equal(expected.Split(' '), (await rig.QueryAsync(filter)).Names());
        }

        var key = QueryText.KeyOf(Rig.Named("b"));
        var keys = (await rig.QueryAsync(QueryText.Things().Where("__key__", op, list ? Rig.List(key) : key))).Names();
        Assert.Equal(expected.Split(' '), keys.Where(found => found != "e"));
        Assert.Equal(op is Op.GreaterThan or Op.GreaterThanOrEqual or Op.NotEqual or Op.NotIn, keys.Contains("e"));
    }

    [Fact]
    public async Task In_finds_any_and_not_in_none_of_several()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync([.. "abcd".Select((letter, i) => Rig.Upsert($"{letter}", ("p", Rig.Int(i))))]);
        Assert.Equal(["a", "d"], (await rig.QueryAsync(QueryText.Things().Where("p", Op.In, Rig.List(Rig.Int(3), Rig.Int(0), Rig.Int(9))))).Names());
        Assert.Equal(["b", "c"], (await rig.QueryAsync(QueryText.Things().Where("p", Op.NotIn, Rig.List(Rig.Int(3), Rig.Int(0))))).Names());
    }

    [Fact]
    public async Task And_and_or_nest()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync([.. "abcd".Select((letter, i) => Rig.Upsert($"{letter}", ("p", Rig.Int(i)), ("odd", Rig.Int(i % 2))))]);
        var either = QueryText.Any(QueryText.Is("p", Op.Equal, Rig.Int(0)), QueryText.All(QueryText.Is("odd", Op.Equal, Rig.Int(1)), QueryText.Is("p", Op.Equal, Rig.Int(3))));
        Assert.Equal(["a", "d"], (await rig.QueryAsync(QueryText.Things().Where(either))).Names());
        Assert.Equal(["d"], (await rig.QueryAsync(QueryText.Things().Where(either).Where("odd", Op.Equal, Rig.Int(1)))).Names());
    }

    [Fact]
    public async Task An_expiry_that_is_out_of_the_indexes_is_found_by_no_sweep()
    {
        await using var rig = await Rig.StartAsync();
        var excluded = At(1);
        excluded.ExcludeFromIndexes = true;
        await rig.CommitAsync(Rig.Upsert("swept", ("exp", At(1))), Rig.Upsert("kept", ("exp", excluded)));
        await rig.CommitAsync(Rig.Upsert("array", ("exp", Rig.List(excluded.Clone()))));
        foreach (var op in new[] { Op.LessThan, Op.LessThanOrEqual, Op.NotEqual })
        {
            Assert.Equal(["swept"], (await rig.QueryAsync(QueryText.Things().Where("exp", op, At(9)))).Names());
        }

        Assert.Equal(["swept"], (await rig.QueryAsync(QueryText.Things().Where("exp", Op.Equal, At(1)))).Names());
        Assert.Equal(["swept"], (await rig.QueryAsync(QueryText.Things().Where("exp", Op.In, Rig.List(At(1))))).Names());
        Assert.Equal(["swept"], (await rig.QueryAsync(QueryText.Things().Select("exp"))).Names());
    }

    [Fact]
    public async Task Properties_inside_entities_are_found_by_their_path()
    {
        await using var rig = await Rig.StartAsync();
        var inner = new Entity { Properties = { ["x"] = Rig.Int(1) } };
        await rig.CommitAsync(Rig.Upsert("a", ("e", new Value { EntityValue = inner })), Rig.Upsert("b", ("e", new Value { EntityValue = inner.Clone(), ExcludeFromIndexes = true })));
        Assert.Equal(["a"], (await rig.QueryAsync(QueryText.Things().Where("e.x", Op.Equal, Rig.Int(1)))).Names());
    }

    [Fact]
    public async Task An_ancestor_is_of_the_query_s_namespace_and_narrows_other_filters()
    {
        await using var rig = await Rig.StartAsync();
        var parents = new[] { "p", "q" };
        await rig.CommitAsync([.. parents.SelectMany(parent => Enumerable.Range(1, 3).Select(id => Child(parent, id)))]);
        var below = QueryText.Things().Where("__key__", Op.HasAncestor, QueryText.KeyOf(Rig.Named("p", kind: "Parent")));
        Assert.Equal(["1", "2", "3"], (await rig.QueryAsync(below)).Names());
        Assert.Equal(["2", "3"], (await rig.QueryAsync(below.Where("n", Op.GreaterThan, Rig.Int(1)))).Names());

        var foreign = Rig.Named("p", kind: "Parent");
        foreign.PartitionId = new PartitionId { NamespaceId = "apart" };
        var query = QueryText.Things().Where("__key__", Op.HasAncestor, QueryText.KeyOf(foreign));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.QueryAsync(query));
    }

    [Fact]
    public async Task A_query_sees_its_own_project_database_and_namespace_alone()
    {
        await using var rig = await Rig.StartAsync();
        var apart = Rig.Named("apart");
        apart.PartitionId = new PartitionId { NamespaceId = "space" };
        await rig.CommitAsync(Rig.Upsert("here"), new Mutation { Upsert = Rig.Entity(apart) });
        Assert.Equal(["here"], (await rig.QueryAsync(QueryText.Things())).Names());
        Assert.Equal(["here"], (await rig.QueryAsync(new Query())).Names());
        Assert.Equal(["apart"], await RunAsync(new RunQueryRequest { ProjectId = Rig.Project, PartitionId = apart.PartitionId }));
        Assert.Empty(await RunAsync(new RunQueryRequest { ProjectId = "other" }));
        Assert.Empty(await RunAsync(new RunQueryRequest { ProjectId = Rig.Project, DatabaseId = "other" }));

        async Task<string[]> RunAsync(RunQueryRequest request)
        {
            request.Query = QueryText.Things();
            return (await rig.Client.RunQueryAsync(request, cancellationToken: TestContext.Current.CancellationToken)).Batch.Names();
        }
    }

    private static Value At(int seconds) => new() { TimestampValue = new Timestamp { Seconds = seconds } };

    private static Value Blob(int first) => new() { BlobValue = ByteString.CopyFrom((byte)first, 7) };

    private static Mutation Child(string parent, int id)
    {
        var key = Rig.Named(parent, kind: "Parent");
        key.Path.Add(new Key.Types.PathElement { Kind = "Thing", Id = id });
        return new Mutation { Upsert = Rig.Entity(key, ("n", Rig.Int(id))) };
    }
}
