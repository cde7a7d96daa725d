using CascadeCache.Emulators.Datastore.Protocol;

namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// The emulated service without its transport. One lock makes every call a single step, so the order of the calls is the order of
/// the versions. Thread-safe; owns the store.
/// </summary>
internal sealed class DatastoreEngine : IDisposable
{
    private readonly Lock gate = new();
    private readonly IEntityStore store;
    private readonly TransactionTable transactions;
    private readonly ReadViews views;
    private readonly IdAllocator ids;
    private readonly DatastoreCounters counters = new();
    private readonly LookupHandler lookups;
    private readonly QueryHandler queries;
    private readonly AggregationHandler aggregations;
    private readonly CommitHandler commits;

    public DatastoreEngine(IEntityStore store, TimeProvider time, ResponseBudget budget)
    {
        this.store = store;
        var clock = new EmulatorClock(time, store.LastVersion);
        transactions = new TransactionTable(time);
        views = new ReadViews(clock, store, transactions);
        ids = new IdAllocator(store);
        lookups = new LookupHandler(store, views, counters, budget);
        queries = new QueryHandler(store, views, counters, budget);
        aggregations = new AggregationHandler(store, views, counters);
        commits = new CommitHandler(store, clock, transactions, ids, counters);
    }

    public LookupResponse Lookup(LookupRequest request)
    {
        lock (gate)
        {
            return lookups.Lookup(request);
        }
    }

    public CommitResponse Commit(CommitRequest request)
    {
        lock (gate)
        {
            return commits.Commit(request);
        }
    }

    public RunQueryResponse RunQuery(RunQueryRequest request)
    {
        lock (gate)
        {
            return queries.Run(request);
        }
    }

    public RunAggregationQueryResponse RunAggregationQuery(RunAggregationQueryRequest request)
    {
        lock (gate)
        {
            return aggregations.Run(request);
        }
    }

    public BeginTransactionResponse BeginTransaction(BeginTransactionRequest request)
    {
        lock (gate)
        {
            var begun = views.Begin(KeyRules.Scope(request.ProjectId, request.DatabaseId), request.TransactionOptions);
            return new BeginTransactionResponse { Transaction = transactions.IdOf(begun) };
        }
    }

    public RollbackResponse Rollback(RollbackRequest request)
    {
        lock (gate)
        {
            transactions.End(transactions.Use(request.Transaction, KeyRules.Scope(request.ProjectId, request.DatabaseId)));
            return new RollbackResponse();
        }
    }

    public AllocateIdsResponse AllocateIds(AllocateIdsRequest request)
    {
        lock (gate)
        {
            var scope = KeyRules.Scope(request.ProjectId, request.DatabaseId);
            if (request.Keys.Any(key => !KeyRules.IsIncomplete(key)))
            {
                throw DatastoreError.Invalid("Ids can be allocated for incomplete keys only.");
            }

            var response = new AllocateIdsResponse();
            foreach (var key in request.Keys)
            {
                var complete = ids.Complete(scope, key);
                ids.Reserve(complete);
                response.Keys.Add(complete.ToMessage());
            }

            return response;
        }
    }

    public ReserveIdsResponse ReserveIds(ReserveIdsRequest request)
    {
        lock (gate)
        {
            var scope = KeyRules.Scope(request.ProjectId, request.DatabaseId);
            foreach (var key in request.Keys.Select(key => KeyRules.Complete(scope, key, forWrite: true)).ToList())
            {
                ids.Reserve(key);
            }

            return new ReserveIdsResponse();
        }
    }

    public DatastoreEmulatorStatistics Statistics()
    {
        lock (gate)
        {
            return new DatastoreEmulatorStatistics
            {
                Lookups = counters.Lookups,
                Queries = counters.Queries,
                Commits = counters.Commits,
                Transactions = transactions.Begun,
                EntitiesRead = counters.EntitiesRead,
                EntitiesWritten = counters.EntitiesWritten,
                EntitiesDeleted = counters.EntitiesDeleted,
                Conflicts = counters.Conflicts,
            };
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            store.Dispose();
        }
    }
}
