using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Xunit;
using MoreResults = CascadeCache.Emulators.Datastore.Protocol.QueryResultBatch.Types.MoreResultsType;
using Op = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>Orders, and reading on from a cursor under each of them.</summary>
public sealed class QueryPagingTests
{
    private const int Things = 20;

    [Fact]
    public async Task Several_orders_apply_one_after_the_other_and_the_key_decides_the_rest()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(
            Rig.Upsert("c", ("p", Rig.Int(1)), ("q", Rig.Int(1))), Rig.Upsert("a", ("p", Rig.Int(1)), ("q", Rig.Int(1))),
            Rig.Upsert("b", ("p", Rig.Int(1)), ("q", Rig.Int(2))), Rig.Upsert("d", ("p", Rig.Int(2)), ("q", Rig.Int(0))));
        Assert.Equal(["a", "c", "b", "d"], (await rig.QueryAsync(QueryText.Things().By("p").By("q"))).Names());
        Assert.Equal(["d", "a", "c", "b"], (await rig.QueryAsync(QueryText.Things().By("p", descending: true).By("q"))).Names());
        Assert.Equal(["b", "a", "c", "d"], (await rig.QueryAsync(QueryText.Things().By("p").By("q", descending: true))).Names());
        Assert.Equal(["d", "c", "b", "a"], (await rig.QueryAsync(QueryText.Things().By("__key__", descending: true))).Names());
    }

    [Fact]
    public async Task Keys_have_their_order_ids_before_names_and_parents_before_children()
    {
        await using var rig = await Rig.StartAsync();
        Key[] ordered = [ById(2), ById(10), Rig.Named("a"), Below("a", ById(1)), Below("a", Rig.Named("a")), Rig.Named("a\0"), Rig.Named("aa"), Rig.Named("b"), Rig.Named("ž")];
        await rig.CommitAsync([.. ordered.Reverse().Select(key => new Mutation { Upsert = Rig.Entity(key) })]);
        var found = (await rig.QueryAsync(QueryText.Things())).EntityResults.Select(result => result.Entity.Key.Path.ToString());
        Assert.Equal(ordered.Select(key => key.Path.ToString()), found);
    }

    [Theory]
    [InlineData("by key")]
    [InlineData("by key, descending")]
    [InlineData("by a property that many share, descending")]
    [InlineData("by two properties")]
    [InlineData("by an inequality")]
    [InlineData("projected arrays")]
    [InlineData("keys only")]
    public async Task Pages_of_any_size_add_up_to_the_whole(string name)
    {
        await using var rig = await Rig.StartAsync(options => options.ResponseEntities = 4);
        await rig.CommitAsync([.. Enumerable.Range(0, Things).Select(i =>
            Rig.Upsert($"k{i:D2}", ("p", Rig.Int(i / 5)), ("q", Rig.Int(i % 3)), ("list", Rig.List(Rig.Int(i % 4), Rig.Int(7)))))]);
        var whole = await ReadAsync(rig, Named(name), limit: null, offset: 0);
        Assert.Equal(name switch { "projected arrays" => 2 * Things, "by an inequality" => 15, _ => Things }, whole.Count);
        Assert.Equal(whole.Count, whole.Distinct().Count());
        foreach (var size in new[] { 1, 3, 4, 7 })
        {
            Assert.Equal(whole, await ReadAsync(rig, Named(name), size, offset: 0));
        }

        Assert.Equal(whole.Skip(6), await ReadAsync(rig, Named(name), limit: null, offset: 6));
    }

    [Fact]
    public async Task A_cursor_keeps_its_place_when_entities_come_and_go_before_it()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync([.. "bdfh".Select((letter, i) => Rig.Upsert($"{letter}", ("p", Rig.Int(i))))]);
        var query = QueryText.Things().By("p", descending: true);
        query.Limit = 2;
        var first = await rig.QueryAsync(query);
        Assert.Equal(["h", "f"], first.Names());

        await rig.CommitAsync(Rig.Delete("f"), Rig.Upsert("new", ("p", Rig.Int(99))), Rig.Upsert("x", ("p", new Value { DoubleValue = 1.5 })));
        query.StartCursor = first.EndCursor;
        Assert.Equal(["x", "d"], (await rig.QueryAsync(query)).Names());
    }

    [Fact]
    public async Task An_offset_tells_what_it_skipped_also_where_there_is_less()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync([.. "abc".Select(letter => Rig.Upsert($"{letter}"))]);
        var query = QueryText.Things();
        query.Offset = 5;
        var batch = await rig.QueryAsync(query);
        Assert.Equal((3, 0, MoreResults.NoMoreResults), (batch.SkippedResults, batch.EntityResults.Count, batch.MoreResults));
        query.Offset = 2;
        query.Limit = 0;
        batch = await rig.QueryAsync(query);
        Assert.Equal((2, 0, MoreResults.MoreResultsAfterLimit), (batch.SkippedResults, batch.EntityResults.Count, batch.MoreResults));
        Assert.Equal(batch.EndCursor, batch.SkippedCursor);
        query = QueryText.Things();
        query.StartCursor = batch.EndCursor;
        Assert.Equal(["c"], (await rig.QueryAsync(query)).Names());
    }

    [Fact]
    public async Task A_limit_that_is_just_reached_says_whether_there_is_more()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync([.. "abc".Select(letter => Rig.Upsert($"{letter}"))]);
        var query = QueryText.Things();
        query.Limit = 3;
        Assert.Equal(MoreResults.NoMoreResults, (await rig.QueryAsync(query)).MoreResults);
        query.Limit = 2;
        Assert.Equal(MoreResults.MoreResultsAfterLimit, (await rig.QueryAsync(query)).MoreResults);
    }

    [Fact]
    public async Task A_cursor_of_another_query_is_refused()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("p", Rig.Int(1))));
        var query = QueryText.Things();
        query.StartCursor = (await rig.QueryAsync(QueryText.Things().By("p"))).EndCursor;
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.QueryAsync(query));
        query = QueryText.Things();
        query.EndCursor = ByteString.CopyFrom(255, 255);
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.QueryAsync(query));
    }

    private static Query Named(string name) => name switch
    {
        "by key" => QueryText.Things(),
        "by key, descending" => QueryText.Things().By("__key__", descending: true),
        "by a property that many share, descending" => QueryText.Things().By("p", descending: true),
        "by two properties" => QueryText.Things().By("q", descending: true).By("p"),
        "by an inequality" => QueryText.Things().Where("p", Op.GreaterThanOrEqual, Rig.Int(1)),
        "projected arrays" => QueryText.Things().Select("list", "p"),
        _ => QueryText.Things().Select("__key__"),
    };

    /// <summary>Reads as a client does: within a page until it is finished, then the next page from its end.</summary>
    private static async Task<List<string>> ReadAsync(Rig rig, Query query, int? limit, int offset)
    {
        var seen = new List<string>();
        query.Offset = offset;
        while (true)
        {
            query.Limit = limit;
            var batch = await ReadPageAsync(rig, query, seen);
            if (batch.MoreResults == MoreResults.NoMoreResults)
            {
                return seen;
            }
        }
    }

    private static async Task<QueryResultBatch> ReadPageAsync(Rig rig, Query query, List<string> seen)
    {
        while (true)
        {
            var batch = await rig.QueryAsync(query);
            seen.AddRange(batch.EntityResults.Select(result => result.Entity.ToString()));
            query.StartCursor = batch.EndCursor;
            query.Offset -= batch.SkippedResults;
            query.Limit -= batch.EntityResults.Count;
            if (batch.MoreResults != MoreResults.NotFinished)
            {
                return batch;
            }
        }
    }

    private static Key ById(long id) => new() { Path = { new Key.Types.PathElement { Kind = "Thing", Id = id } } };

    private static Key Below(string parent, Key child)
    {
        var key = Rig.Named(parent);
        key.Path.Add(child.Path);
        return key;
    }
}
