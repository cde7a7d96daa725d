using CascadeCache.Emulators.Datastore.Protocol;
using MoreResults = CascadeCache.Emulators.Datastore.Protocol.QueryResultBatch.Types.MoreResultsType;
using QueryCase = CascadeCache.Emulators.Datastore.Protocol.RunQueryRequest.QueryTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>RunQuery: the rows of the plan between two cursors, after the offset, up to the limit and to what one response can hold.</summary>
internal sealed class QueryHandler(IEntityStore store, ReadViews views, DatastoreCounters counters, ResponseBudget budget)
{
    public RunQueryResponse Run(RunQueryRequest request)
    {
        counters.Queries++;
        if (request.QueryTypeCase != QueryCase.Query)
        {
            throw request.QueryTypeCase == QueryCase.GqlQuery ? DatastoreError.Unimplemented("GQL") : DatastoreError.Invalid("The query is missing.");
        }

        if (request.ExplainOptions is not null)
        {
            throw DatastoreError.Unimplemented("explaining queries");
        }

        var scope = KeyRules.Scope(request.ProjectId, request.DatabaseId);
        var plan = new QueryPlan(request.Query, KeyRules.Resolve(scope, request.PartitionId));
        var mask = request.PropertyMask is null ? null : PropertyMasks.Parse(request.PropertyMask);
        if (mask is not null && request.Query.Projection.Count > 0)
        {
            throw DatastoreError.Invalid("A property mask cannot be combined with a projection.");
        }

        var view = views.Open(scope, request.ReadOptions);
        var rows = plan.Rows(store.Scan(plan.Scope, view.At));
        view.Transaction?.Observe(plan.Scope);
        var batch = Page(request.Query, plan, rows, mask);
        batch.SnapshotVersion = view.At;
        batch.ReadTime = Timestamps.FromMicros(view.At);
        counters.EntitiesRead += batch.EntityResults.Count;
        return new RunQueryResponse { Batch = batch, Transaction = view.Begun };
    }

    private QueryResultBatch Page(Query query, QueryPlan plan, List<QueryRow> rows, IReadOnlyList<string[]>? mask)
    {
        var (start, end) = Range(query, plan, rows);
        int first = Math.Min(start + query.Offset, end);
        int last = query.Limit is { } limit ? (int)Math.Min(end, first + (long)limit) : end;
        var batch = new QueryResultBatch { EntityResultType = plan.ResultType, SkippedResults = first - start };
        if (first > start)
        {
            batch.SkippedCursor = rows[first - 1].Cursor;
        }

        var filling = budget.Start();
        int next = first;
        for (; next < last; next++)
        {
            var result = plan.Show(rows[next], mask);
            result.Cursor = rows[next].Cursor;
            if (!filling.Take(result))
            {
                break;
            }

            batch.EntityResults.Add(result);
        }

        batch.EndCursor = next > 0 ? rows[next - 1].Cursor : QueryRow.StartCursor;
        batch.MoreResults = next < last ? MoreResults.NotFinished
            : next < end ? MoreResults.MoreResultsAfterLimit
            : end < rows.Count ? MoreResults.MoreResultsAfterCursor
            : MoreResults.NoMoreResults;
        return batch;
    }

    private static (int Start, int End) Range(Query query, QueryPlan plan, List<QueryRow> rows)
    {
        int start = query.StartCursor.IsEmpty ? 0 : FirstAfter(query.StartCursor);
        int end = query.EndCursor.IsEmpty ? rows.Count : FirstAfter(query.EndCursor);
        return (start, Math.Max(start, end));

        int FirstAfter(Google.Protobuf.ByteString cursor)
        {
            var position = QueryRow.Parse(cursor);
            int index = rows.FindIndex(row => row.IsAfter(position, plan.Orders));
            return index < 0 ? rows.Count : index;
        }
    }
}
