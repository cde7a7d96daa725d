using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using MoreResults = CascadeCache.Emulators.Datastore.Protocol.QueryResultBatch.Types.MoreResultsType;
using ResultType = CascadeCache.Emulators.Datastore.Protocol.QueryResultBatch.Types.ResultType;

namespace CascadeCache.Emulators.Datastore;

/// <summary>RunQuery: one batch of results, read at one instant.</summary>
internal sealed class QueryHandler(IEntityStore store, ReadViews views, DatastoreCounters counters, ResponseBudget budget)
{
    public RunQueryResponse Run(RunQueryRequest request)
    {
        counters.Queries++;
        var scope = KeyRules.Scope(request.ProjectId, request.DatabaseId);
        if (request.ExplainOptions is not null)
        {
            throw DatastoreError.Unimplemented("explain_options");
        }

        if (request.GqlQuery is not null)
        {
            throw DatastoreError.Unimplemented("GQL");
        }

        var plan = new QueryPlan(request.Query ?? throw DatastoreError.Invalid("The request has no query."), KeyRules.Resolve(scope, request.PartitionId));
        if (request.PropertyMask is not null && request.Query.Projection.Count > 0)
        {
            throw DatastoreError.Invalid("A property mask and a projection exclude each other.");
        }

        var mask = request.PropertyMask is null ? null : PropertyMasks.Parse(request.PropertyMask);
        var view = views.Open(scope, request.ReadOptions);
        view.Transaction?.Observe(plan.Scope);
        var batch = Batch(plan, mask, view);
        counters.EntitiesRead += batch.EntityResults.Count;
        return new RunQueryResponse { Batch = batch, Transaction = view.Begun };
    }

    private QueryResultBatch Batch(QueryPlan plan, IReadOnlyList<string[]>? mask, ReadView view)
    {
        var batch = new QueryResultBatch
        {
            EntityResultType = plan.KeysOnly ? ResultType.KeyOnly : plan.IsProjection ? ResultType.Projection : ResultType.Full,
            EndCursor = plan.Query.StartCursor.IsEmpty ? Cursors.BeforeAll : plan.Query.StartCursor,
            MoreResults = plan.HasEnd ? MoreResults.MoreResultsAfterCursor : MoreResults.NoMoreResults,
            SnapshotVersion = view.At,
            ReadTime = Timestamps.FromMicros(view.At),
        };
        using var rows = plan.Rows(store.Scan(plan.Scope, view.At)).GetEnumerator();
        Skip(batch, plan, rows);
        Fill(batch, plan, mask, rows);
        return batch;
    }

    private static void Skip(QueryResultBatch batch, QueryPlan plan, IEnumerator<QueryRow> rows)
    {
        while (batch.SkippedResults < plan.Query.Offset && rows.MoveNext())
        {
            batch.SkippedResults++;
            batch.SkippedCursor = batch.EndCursor = plan.CursorAfter(rows.Current);
        }
    }

    private void Fill(QueryResultBatch batch, QueryPlan plan, IReadOnlyList<string[]>? mask, IEnumerator<QueryRow> rows)
    {
        var filling = budget.Start();
        while (true)
        {
            if (batch.EntityResults.Count == plan.Query.Limit)
            {
                batch.MoreResults = rows.MoveNext() ? MoreResults.MoreResultsAfterLimit : batch.MoreResults;
                return;
            }

            if (!rows.MoveNext())
            {
                return;
            }

            var result = plan.ToResult(rows.Current, mask);
            if (!filling.Take(result))
            {
                batch.MoreResults = MoreResults.NotFinished;
                return;
            }

            batch.EntityResults.Add(result);
            batch.EndCursor = result.Cursor;
        }
    }
}
