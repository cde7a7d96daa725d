using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Xunit;
using Direction = CascadeCache.Emulators.Datastore.Protocol.PropertyOrder.Types.Direction;
using MoreResults = CascadeCache.Emulators.Datastore.Protocol.QueryResultBatch.Types.MoreResultsType;
using Op = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;
using Value = CascadeCache.Emulators.Datastore.Protocol.Value;

namespace CascadeCache.Emulators.Tests.Datastore;

public sealed class QueryTests
{
    [Fact]
    public async Task Values_of_all_types_have_one_order()
    {
        await using var rig = await Rig.StartAsync();
        Value[] ordered =
        [
            new() { NullValue = NullValue.NullValue }, new() { DoubleValue = double.NaN }, new() { DoubleValue = double.NegativeInfinity },
            Rig.Int(-1), new() { DoubleValue = 0.5 }, Rig.Int(9007199254740992), Rig.Int(9007199254740993), new() { DoubleValue = 1e300 },
            new() { TimestampValue = new Timestamp { Seconds = 1 } }, new() { BooleanValue = false }, new() { BooleanValue = true },
            Rig.Text(""), Rig.Text("a"), Rig.Text("b"), Rig.Text("\uFFFD"), Rig.Text("\U0001F40E"),
            new() { BlobValue = ByteString.CopyFrom(1) },
        ];
        await rig.CommitAsync([.. ordered.Select((value, i) => Rig.Upsert($"k{ordered.Length - i:D2}", ("p", value)))]);
        var batch = await rig.QueryAsync(Ordered("p", Direction.Ascending));
        Assert.Equal(ordered, batch.EntityResults.Select(result => result.Entity.Properties["p"]));
        batch = await rig.QueryAsync(Ordered("p", Direction.Descending));
        Assert.Equal(ordered.Reverse(), batch.EntityResults.Select(result => result.Entity.Properties["p"]));
    }

    [Fact]
    public async Task What_is_missing_or_excluded_is_in_no_filter_and_no_order()
    {
        await using var rig = await Rig.StartAsync();
        var excluded = Rig.Int(1);
        excluded.ExcludeFromIndexes = true;
        await rig.CommitAsync(Rig.Upsert("a", ("p", Rig.Int(1))), Rig.Upsert("b", ("p", excluded)), Rig.Upsert("c", ("q", Rig.Int(1))));
        Assert.Equal(["a", "b", "c"], Names(await rig.QueryAsync(Of())));
        Assert.Equal(["a"], Names(await rig.QueryAsync(Of(("p", Op.Equal, Rig.Int(1))))));
        Assert.Equal(["a"], Names(await rig.QueryAsync(Of(("p", Op.NotEqual, Rig.Int(5))))));
        Assert.Equal(["a"], Names(await rig.QueryAsync(Ordered("p", Direction.Ascending))));
    }

    [Fact]
    public async Task Both_ends_of_a_range_must_hold_for_one_value_of_an_array()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("p", Rig.List(Rig.Int(1), Rig.Int(9)))), Rig.Upsert("b", ("p", Rig.List(Rig.Int(5)))));
        Assert.Equal(["b"], Names(await rig.QueryAsync(Of(("p", Op.GreaterThan, Rig.Int(3)), ("p", Op.LessThan, Rig.Int(7))))));
        Assert.Equal(["a"], Names(await rig.QueryAsync(Of(("p", Op.Equal, Rig.Int(1)), ("p", Op.Equal, Rig.Int(9))))));
    }

    [Fact]
    public async Task An_inequality_orders_the_results_by_its_property()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("p", Rig.Int(3))), Rig.Upsert("b", ("p", Rig.Int(2))), Rig.Upsert("c", ("p", Rig.Int(1))));
        Assert.Equal(["b", "a"], Names(await rig.QueryAsync(Of(("p", Op.GreaterThan, Rig.Int(1))))));
    }

    [Fact]
    public async Task A_stale_index_entry_is_never_seen_after_an_update()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("p", Rig.Int(1))));
        var before = (await rig.CommitAsync(Rig.Upsert("a", ("p", Rig.Int(2))))).MutationResults[0];
        await rig.CommitAsync(Rig.Delete("a"));
        Assert.Empty((await rig.QueryAsync(Of(("p", Op.Equal, Rig.Int(1))))).EntityResults);
        Assert.Empty((await rig.QueryAsync(Of())).EntityResults);
        Assert.Equal(["a"], Names(await rig.QueryAsync(Of(("p", Op.Equal, Rig.Int(2))), new ReadOptions { ReadTime = before.UpdateTime })));
    }

    [Fact]
    public async Task A_sweep_by_keys_reads_batch_after_batch()
    {
        await using var rig = await Rig.StartAsync(options => options.ResponseEntities = 10);
        for (var i = 0; i < 25; i++)
        {
            await rig.CommitAsync(Rig.Upsert($"k{i:D2}", ("exp", Rig.Int(i))));
        }

        var query = Of(("exp", Op.LessThan, Rig.Int(23)));
        query.Projection.Add(new Projection { Property = new PropertyReference { Name = "__key__" } });
        var seen = new List<string>();
        QueryResultBatch batch;
        do
        {
            batch = await rig.QueryAsync(query);
            Assert.Equal(QueryResultBatch.Types.ResultType.KeyOnly, batch.EntityResultType);
            Assert.All(batch.EntityResults, result => Assert.Empty(result.Entity.Properties));
            seen.AddRange(Names(batch));
            query.StartCursor = batch.EndCursor;
        }
        while (batch.MoreResults == MoreResults.NotFinished);

        Assert.Equal(MoreResults.NoMoreResults, batch.MoreResults);
        Assert.Equal(Enumerable.Range(0, 23).Select(i => $"k{i:D2}"), seen);
    }

    [Fact]
    public async Task Limit_offset_and_cursors_cut_the_results()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync([.. "abcdef".Select(letter => Rig.Upsert(letter.ToString()))]);
        var query = Of();
        query.Offset = 1;
        query.Limit = 2;
        var first = await rig.QueryAsync(query);
        Assert.Equal(["b", "c"], Names(first));
        Assert.Equal((1, MoreResults.MoreResultsAfterLimit), (first.SkippedResults, first.MoreResults));

        await rig.CommitAsync(Rig.Delete("c"), Rig.Upsert("aa"));
        query = Of();
        query.StartCursor = first.EndCursor;
        Assert.Equal(["d", "e", "f"], Names(await rig.QueryAsync(query)));
        query = Of();
        query.EndCursor = first.EntityResults[0].Cursor;
        var upTo = await rig.QueryAsync(query);
        Assert.Equal(["a", "aa", "b"], Names(upTo));
        Assert.Equal(MoreResults.MoreResultsAfterCursor, upTo.MoreResults);
        query = Of();
        query.Limit = 0;
        Assert.Empty((await rig.QueryAsync(query)).EntityResults);
        query.StartCursor = ByteString.CopyFromUtf8("not a cursor");
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.QueryAsync(query));
    }

    [Fact]
    public async Task An_ancestor_has_itself_and_its_descendants_also_without_a_kind()
    {
        await using var rig = await Rig.StartAsync();
        var child = Rig.Named("a");
        child.Path.Add(new Key.Types.PathElement { Kind = "Child", Id = 7 });
        await rig.CommitAsync(Rig.Upsert("a"), Rig.Upsert("ab"), new Mutation { Upsert = Rig.Entity(child) });
        var query = new Query { Filter = Filter("__key__", Op.HasAncestor, new Value { KeyValue = Rig.Named("a") }) };
        var found = (await rig.QueryAsync(query)).EntityResults;
        Assert.Equal([1, 2], found.Select(result => result.Entity.Key.Path.Count));
        Assert.Equal(7, found[1].Entity.Key.Path[1].Id);
    }

    [Fact]
    public async Task Projections_explode_arrays_and_can_be_made_distinct()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("t", Rig.List(Rig.Text("x"), Rig.Text("y")))), Rig.Upsert("b", ("t", Rig.Text("x"))));
        var query = Of();
        query.Projection.Add(new Projection { Property = new PropertyReference { Name = "t" } });
        var all = (await rig.QueryAsync(query)).EntityResults;
        Assert.Equal(["a:x", "b:x", "a:y"], all.Select(result => $"{result.Entity.Key.Path[0].Name}:{result.Entity.Properties["t"].StringValue}"));
        Assert.All(all, result => Assert.Equal(18, result.Entity.Properties["t"].Meaning));
        query.StartCursor = all[1].Cursor;
        Assert.Equal("y", Assert.Single((await rig.QueryAsync(query)).EntityResults).Entity.Properties["t"].StringValue);
        query.StartCursor = ByteString.Empty;
        query.DistinctOn.Add(new PropertyReference { Name = "t" });
        Assert.Equal(["x", "y"], (await rig.QueryAsync(query)).EntityResults.Select(result => result.Entity.Properties["t"].StringValue));
    }

    private static Query Of(params (string Property, Op Op, Value Value)[] filters)
    {
        var query = new Query { Kind = { new KindExpression { Name = "Thing" } } };
        if (filters.Length > 0)
        {
            query.Filter = new Filter { CompositeFilter = new CompositeFilter { Op = CompositeFilter.Types.Operator.And } };
            query.Filter.CompositeFilter.Filters.Add(filters.Select(filter => Filter(filter.Property, filter.Op, filter.Value)));
        }

        return query;
    }

    private static Query Ordered(string property, Direction direction)
    {
        var query = Of();
        query.Order.Add(new PropertyOrder { Property = new PropertyReference { Name = property }, Direction = direction });
        return query;
    }

    private static Filter Filter(string property, Op op, Value value) =>
        new() { PropertyFilter = new PropertyFilter { Property = new PropertyReference { Name = property }, Op = op, Value = value } };

    private static string[] Names(QueryResultBatch batch) => [.. batch.EntityResults.Select(result => result.Entity.Key.Path[0].Name)];
}
