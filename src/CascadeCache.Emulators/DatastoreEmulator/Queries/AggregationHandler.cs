using CascadeCache.Emulators.Datastore.Protocol;
using OperatorCase = CascadeCache.Emulators.Datastore.Protocol.AggregationQuery.Types.Aggregation.OperatorOneofCase;
using QueryCase = CascadeCache.Emulators.Datastore.Protocol.RunAggregationQueryRequest.QueryTypeOneofCase;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>RunAggregationQuery: count, sum and average over what a query finds.</summary>
internal sealed class AggregationHandler(IEntityStore store, ReadViews views, DatastoreCounters counters)
{
    private const int MaxAggregations = 5;

    public RunAggregationQueryResponse Run(RunAggregationQueryRequest request)
    {
        counters.Queries++;
        if (request.QueryTypeCase != QueryCase.AggregationQuery || request.ExplainOptions is not null)
        {
            throw DatastoreError.Unimplemented("GQL and explained aggregation queries");
        }

        var aggregations = request.AggregationQuery.Aggregations;
        if (aggregations.Count is 0 or > MaxAggregations || request.AggregationQuery.NestedQuery is not { } query)
        {
            throw DatastoreError.Invalid($"An aggregation query needs a query and 1 to {MaxAggregations} aggregations.");
        }

        var scope = KeyRules.Scope(request.ProjectId, request.DatabaseId);
        var plan = new QueryPlan(query, KeyRules.Resolve(scope, request.PartitionId));
        var view = views.Open(scope, request.ReadOptions);
        var rows = plan.Rows(store.Scan(plan.Scope, view.At));
        view.Transaction?.Observe(plan.Scope);
        rows = [.. rows.Skip(query.Offset).Take(query.Limit ?? int.MaxValue)];

        var result = new AggregationResult();
        for (var i = 0; i < aggregations.Count; i++)
        {
            string alias = aggregations[i].Alias.Length > 0 ? aggregations[i].Alias : $"property_{i + 1}";
            result.AggregateProperties[alias] = Aggregate(aggregations[i], rows);
        }

        return new RunAggregationQueryResponse
        {
            Batch = new AggregationResultBatch
            {
                AggregationResults = { result },
                MoreResults = QueryResultBatch.Types.MoreResultsType.NoMoreResults,
                ReadTime = Timestamps.FromMicros(view.At),
            },
            Transaction = view.Begun,
        };
    }

    private static Value Aggregate(AggregationQuery.Types.Aggregation aggregation, List<QueryRow> rows) => aggregation.OperatorCase switch
    {
        OperatorCase.Count => new Value { IntegerValue = Math.Min(rows.Count, aggregation.Count.UpTo ?? long.MaxValue) },
        OperatorCase.Sum => Sum(Numbers(aggregation.Sum.Property.Name, rows)),
        OperatorCase.Avg => Average(Numbers(aggregation.Avg.Property.Name, rows)),
        _ => throw DatastoreError.Invalid("An aggregation needs an operator."),
    };

    private static List<Value> Numbers(string property, List<QueryRow> rows) =>
        [.. rows.SelectMany(row => IndexedValues.Of(row.Stored, property)).Where(static v => v.ValueTypeCase is ValueCase.IntegerValue or ValueCase.DoubleValue)];

    // Integers stay exact as long as they fit; then, or beside a double, the sum is a double.
    private static Value Sum(List<Value> numbers)
    {
        if (numbers.TrueForAll(static v => v.ValueTypeCase == ValueCase.IntegerValue))
        {
            var sum = numbers.Aggregate(Int128.Zero, static (total, v) => total + v.IntegerValue);
            if (sum >= long.MinValue && sum <= long.MaxValue)
            {
                return new Value { IntegerValue = (long)sum };
            }
        }

        return new Value { DoubleValue = numbers.Sum(ToDouble) };
    }

    private static Value Average(List<Value> numbers) =>
        numbers.Count == 0 ? new Value { NullValue = Google.Protobuf.WellKnownTypes.NullValue.NullValue } : new Value { DoubleValue = numbers.Average(ToDouble) };

    private static double ToDouble(Value value) => value.ValueTypeCase == ValueCase.IntegerValue ? value.IntegerValue : value.DoubleValue;
}
