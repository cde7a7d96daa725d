using CascadeCache.Emulators.Datastore.Protocol;
using Grpc.Core;
using Xunit;
using Aggregation = CascadeCache.Emulators.Datastore.Protocol.AggregationQuery.Types.Aggregation;
using Op = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;
using Types = CascadeCache.Emulators.Datastore.Protocol.AggregationQuery.Types.Aggregation.Types;

namespace CascadeCache.Emulators.Tests.Datastore;

public sealed class AggregationTests
{
    [Fact]
    public async Task Count_sum_and_average_see_what_the_query_sees()
    {
        await using var rig = await Rig.StartAsync();
        await FillAsync(rig);
        var all = await RunAsync(rig, QueryText.Things(), Count(), Sum("p"), Average("p"));
        Assert.Equal((6, 10, 2.5), (all["property_1"].IntegerValue, all["property_2"].IntegerValue, all["property_3"].DoubleValue));
        var some = await RunAsync(rig, QueryText.Things().Where("p", Op.GreaterThan, Rig.Int(2)), Count(), Sum("p"));
        Assert.Equal((2, 7), (some["property_1"].IntegerValue, some["property_2"].IntegerValue));
        Assert.Equal(10, (await RunAsync(rig, QueryText.Things().By("__key__"), Sum("p")))["property_1"].IntegerValue);
    }

    [Fact]
    public async Task A_cursor_begins_and_ends_what_is_aggregated()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync([.. "abcd".Select((letter, i) => Rig.Upsert($"{letter}", ("p", Rig.Int(10 - i))))]);
        var results = (await rig.QueryAsync(QueryText.Things())).EntityResults;
        var query = QueryText.Things();
        query.StartCursor = results[0].Cursor;
        query.EndCursor = results[2].Cursor;
        var result = await RunAsync(rig, query, Count(), Sum("p"), Average("p"));
        Assert.Equal((2, 17, 8.5), (result["property_1"].IntegerValue, result["property_2"].IntegerValue, result["property_3"].DoubleValue));
    }

    [Fact]
    public async Task Offset_limit_and_up_to_end_a_count()
    {
        await using var rig = await Rig.StartAsync();
        await FillAsync(rig);
        var query = QueryText.Things();
        query.Offset = 1;
        query.Limit = 4;
        Assert.Equal(4, (await RunAsync(rig, query, Count()))["property_1"].IntegerValue);
        query.Offset = 5;
        Assert.Equal(1, (await RunAsync(rig, query, Count()))["property_1"].IntegerValue);
        Assert.Equal(2, (await RunAsync(rig, QueryText.Things(), Count(upTo: 2)))["property_1"].IntegerValue);
        Assert.Equal(6, (await RunAsync(rig, QueryText.Things(), Count(upTo: 50)))["property_1"].IntegerValue);
    }

    [Fact]
    public async Task Of_nothing_the_count_and_sum_are_zero_and_the_average_is_null()
    {
        await using var rig = await Rig.StartAsync();
        var result = await RunAsync(rig, QueryText.Things(), Count(), Sum("p"), Average("p"));
        Assert.Equal(Rig.Int(0), result["property_1"]);
        Assert.Equal(Rig.Int(0), result["property_2"]);
        Assert.Equal(Value.ValueTypeOneofCase.NullValue, result["property_3"].ValueTypeCase);
    }

    [Fact]
    public async Task A_sum_beyond_64_bits_or_with_a_real_number_is_real()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("p", Rig.Int(long.MaxValue)), ("q", Rig.Int(1))));
        await rig.CommitAsync(Rig.Upsert("b", ("p", Rig.Int(1)), ("q", new Value { DoubleValue = 0.5 })));
        var result = await RunAsync(rig, QueryText.Things(), Sum("p"), Sum("q"));
        Assert.Equal((9223372036854775808.0, 1.5), (result["property_1"].DoubleValue, result["property_2"].DoubleValue));
    }

    [Fact]
    public async Task An_alias_names_its_result()
    {
        await using var rig = await Rig.StartAsync();
        await FillAsync(rig);
        var count = Count();
        count.Alias = "n";
        Assert.Equal(["n", "property_1"], (await RunAsync(rig, QueryText.Things(), count, Sum("p"))).Keys.Order(StringComparer.Ordinal));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, RunAsync(rig, QueryText.Things(), count, count));
    }

    [Fact]
    public async Task A_count_in_a_transaction_sees_its_instant_and_conflicts()
    {
        await using var rig = await Rig.StartAsync();
        await FillAsync(rig);
        var transaction = await rig.BeginAsync();
        var options = new ReadOptions { Transaction = transaction };
        Assert.Equal(6, (await RunAsync(rig, QueryText.Things(), options, Count()))["property_1"].IntegerValue);
        await rig.CommitAsync(Rig.Upsert("new"));
        Assert.Equal(6, (await RunAsync(rig, QueryText.Things(), options, Count()))["property_1"].IntegerValue);
        await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAsync(transaction, Rig.Upsert("late")));
    }

    [Fact]
    public async Task Aggregations_that_the_service_refuses_are_refused()
    {
        await using var rig = await Rig.StartAsync();
        Aggregation[][] refused = [[], [Count(), Count(), Count(), Count(), Count(), Count()], [new Aggregation()], [Count(upTo: 0)], [Sum("")], [Average("")]];
        foreach (var aggregations in refused)
        {
            await Rig.RefusedAsync(StatusCode.InvalidArgument, RunAsync(rig, QueryText.Things(), aggregations));
        }

        await Rig.RefusedAsync(StatusCode.InvalidArgument, RunAsync(rig, null, Count()));
    }

    private static async Task FillAsync(Rig rig)
    {
        await rig.CommitAsync([.. "abcd".Select((letter, i) => Rig.Upsert($"{letter}", ("p", Rig.Int(i + 1))))]);
        var excluded = Rig.Int(100);
        excluded.ExcludeFromIndexes = true;
        await rig.CommitAsync(Rig.Upsert("out of the index", ("p", excluded)), Rig.Upsert("without"));
    }

    private static Aggregation Count(long? upTo = null) => new() { Count = new Types.Count { UpTo = upTo } };

    private static Aggregation Sum(string property) => new() { Sum = new Types.Sum { Property = new PropertyReference { Name = property } } };

    private static Aggregation Average(string property) => new() { Avg = new Types.Avg { Property = new PropertyReference { Name = property } } };

    private static Task<IDictionary<string, Value>> RunAsync(Rig rig, Query? query, params Aggregation[] aggregations) =>
        RunAsync(rig, query, null, aggregations);

    private static async Task<IDictionary<string, Value>> RunAsync(Rig rig, Query? query, ReadOptions? options, params Aggregation[] aggregations)
    {
        var request = new RunAggregationQueryRequest
        {
            ProjectId = Rig.Project,
            ReadOptions = options,
            AggregationQuery = new AggregationQuery { NestedQuery = query, Aggregations = { aggregations } },
        };
        var response = await rig.Client.RunAggregationQueryAsync(request, cancellationToken: TestContext.Current.CancellationToken);
        return Assert.Single(response.Batch.AggregationResults).AggregateProperties;
    }
}
