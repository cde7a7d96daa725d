using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf.WellKnownTypes;
using Aggregation = CascadeCache.Emulators.Datastore.Protocol.AggregationQuery.Types.Aggregation;
using MoreResults = CascadeCache.Emulators.Datastore.Protocol.QueryResultBatch.Types.MoreResultsType;
using Operator = CascadeCache.Emulators.Datastore.Protocol.AggregationQuery.Types.Aggregation.OperatorOneofCase;
using Value = CascadeCache.Emulators.Datastore.Protocol.Value;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>RunAggregationQuery: count, sum and average over the results of a query.</summary>
internal sealed class AggregationHandler(IEntityStore store, ReadViews views, DatastoreCounters counters)
{
    public const int MaxAggregations = 5;

    public RunAggregationQueryResponse Run(RunAggregationQueryRequest request)
    {
        counters.Queries++;
        var scope = KeyRules.Scope(request.ProjectId, request.DatabaseId);
        Check(request);
        var partition = KeyRules.Resolve(scope, request.PartitionId);
        var query = request.AggregationQuery.NestedQuery;
        var plan = new QueryPlan(query, partition);
        var view = views.Open(scope, request.ReadOptions);
        view.Transaction?.Observe(plan.Scope);
        var result = new AggregationResult();
        var number = 0;
        foreach (var aggregation in request.AggregationQuery.Aggregations)
        {
            var alias = aggregation.Alias.Length > 0 ? aggregation.Alias : $"property_{++number}";
            if (!result.AggregateProperties.TryAdd(alias, Compute(aggregation, query, partition, view)))
            {
                throw DatastoreError.Invalid($"The alias \"{alias}\" is used twice.");
            }
        }

        return new RunAggregationQueryResponse
        {
            Transaction = view.Begun,
            Batch = new AggregationResultBatch
            {
                AggregationResults = { result },
                MoreResults = MoreResults.NoMoreResults,
                ReadTime = Timestamps.FromMicros(view.At),
            },
        };
    }

    private static void Check(RunAggregationQueryRequest request)
    {
        if (request.ExplainOptions is not null || request.GqlQuery is not null)
        {
            throw DatastoreError.Unimplemented("GQL and explain_options");
        }

        if (request.AggregationQuery?.NestedQuery is null)
        {
            throw DatastoreError.Invalid("The aggregation has no query.");
        }

        if (request.AggregationQuery.Aggregations.Count is 0 or > MaxAggregations)
        {
            throw DatastoreError.Invalid($"The maximum number of aggregations allowed in an aggregation query is {MaxAggregations}, the minimum 1. Received: {request.AggregationQuery.Aggregations.Count}");
        }
    }

    private Value Compute(Aggregation aggregation, Query query, Partition partition, ReadView view)
    {
        switch (aggregation.OperatorCase)
        {
            case Operator.Count:
                if (aggregation.Count.UpTo <= 0)
                {
                    throw DatastoreError.Invalid("up_to must be positive.");
                }

                var count = Rows(query, partition, view).LongCount();
                return new Value { IntegerValue = Math.Min(count, aggregation.Count.UpTo ?? long.MaxValue) };
            case Operator.Sum:
                return Sum(Numbers(query, aggregation.Sum.Property, partition, view));
            case Operator.Avg:
                var numbers = Numbers(query, aggregation.Avg.Property, partition, view);
                return numbers.Count == 0
                    ? new Value { NullValue = NullValue.NullValue }
                    : new Value { DoubleValue = numbers.Average(AsDouble) };
            default:
                throw DatastoreError.Invalid("The aggregation has no operator.");
        }
    }

    private IEnumerable<QueryRow> Rows(Query query, Partition partition, ReadView view)
    {
        var plan = new QueryPlan(query, partition);
        var rows = plan.Rows(store.Scan(plan.Scope, view.At)).Skip(query.Offset);
        return query.Limit is { } limit ? rows.Take(limit) : rows;
    }

    /// <summary>The service reads the index of the aggregated property: without an order of its own, that is the order a limit cuts.</summary>
    private List<Value> Numbers(Query query, PropertyReference? property, Partition partition, ReadView view)
    {
        if (string.IsNullOrEmpty(property?.Name))
        {
            throw DatastoreError.Invalid("The aggregation names no property.");
        }

        var ordered = query.Clone();

        // A cursor is a place in the order of the query as it was given, so that order stays.
        if (ordered.Order.Count == 0 && ordered.StartCursor.IsEmpty && ordered.EndCursor.IsEmpty)
        {
            ordered.Order.Add(new PropertyOrder { Property = property });
        }

        return
        [
            .. Rows(ordered, partition, view)
                .Select(row => row.Stored.Entity!.Properties.GetValueOrDefault(property.Name))
                .OfType<Value>()
                .Where(value => !value.ExcludeFromIndexes && value.ValueTypeCase is (ValueCase.IntegerValue or ValueCase.DoubleValue)),
        ];
    }

    private static double AsDouble(Value value) => value.ValueTypeCase == ValueCase.IntegerValue ? value.IntegerValue : value.DoubleValue;

    private static Value Sum(List<Value> numbers)
    {
        var whole = Int128.Zero;
        foreach (var number in numbers.Where(number => number.ValueTypeCase == ValueCase.IntegerValue))
        {
            whole += number.IntegerValue;
        }

        var fits = whole >= long.MinValue && whole <= long.MaxValue;
        return fits && numbers.TrueForAll(number => number.ValueTypeCase == ValueCase.IntegerValue)
            ? new Value { IntegerValue = (long)whole }
            : new Value { DoubleValue = numbers.Sum(AsDouble) };
    }
}
