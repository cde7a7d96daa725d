using CascadeCache.Emulators.Datastore.Protocol;
using Mode = CascadeCache.Emulators.Datastore.Protocol.CommitRequest.Types.Mode;
using ModeCase = CascadeCache.Emulators.Datastore.Protocol.TransactionOptions.ModeOneofCase;
using SelectorCase = CascadeCache.Emulators.Datastore.Protocol.CommitRequest.TransactionSelectorOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Commit: everything is checked and worked out first, then stored in one step.</summary>
internal sealed class CommitHandler(
    IEntityStore store, EmulatorClock clock, TransactionTable transactions, IdAllocator ids, DatastoreCounters counters)
{
    public const int MaxRequestBytes = 10 * 1024 * 1024;

    public CommitResponse Commit(CommitRequest request)
    {
        counters.Commits++;
        var scope = KeyRules.Scope(request.ProjectId, request.DatabaseId);
        CheckMode(request);
        if (request.TransactionSelectorCase != SelectorCase.Transaction)
        {
            return Apply(request, scope, null);
        }

        var transaction = transactions.Use(request.Transaction, scope);

        // Whatever comes of it, the id is used up.
        transactions.End(transaction);
        return Apply(request, scope, transaction);
    }

    private static void CheckMode(CommitRequest request)
    {
        if (request.CalculateSize() > MaxRequestBytes)
        {
            throw DatastoreError.Invalid($"Request payload size exceeds the limit: {MaxRequestBytes} bytes.");
        }

        var transactional = request.Mode == Mode.Transactional;
        if (!transactional && request.Mode != Mode.NonTransactional)
        {
            throw DatastoreError.Invalid("The commit mode is missing.");
        }

        if (transactional != (request.TransactionSelectorCase != SelectorCase.None))
        {
            throw DatastoreError.Invalid(transactional
                ? "A transactional commit needs a transaction."
                : "A non-transactional commit cannot have a transaction.");
        }

        if (request.TransactionSelectorCase == SelectorCase.SingleUseTransaction
            && request.SingleUseTransaction.ModeCase == ModeCase.ReadOnly)
        {
            throw DatastoreError.Invalid("A single-use transaction must be read-write.");
        }
    }

    private CommitResponse Apply(CommitRequest request, Partition scope, Transaction? transaction)
    {
        if (transaction is { ReadOnly: true } && request.Mutations.Count > 0)
        {
            throw DatastoreError.Invalid("Cannot modify entities in a read-only transaction.");
        }

        if (transaction is not null && request.Mutations.Count > 0)
        {
            CheckReads(transaction);
        }

        var version = clock.Next();
        var batch = new MutationBatch(store, ids, scope, version, request.Mode == Mode.Transactional);
        var response = new CommitResponse();
        try
        {
            response.MutationResults.Add(request.Mutations.Select(batch.Apply).ToList());
        }
        finally
        {
            counters.Conflicts += batch.Conflicts;
        }

        response.IndexUpdates = Store(version, batch.Changes());
        response.CommitTime = request.Mode == Mode.Transactional ? Timestamps.FromMicros(version) : null;
        return response;
    }

    private void CheckReads(Transaction transaction)
    {
        if (transaction.Snapshot < store.Floor)
        {
            throw TransactionTable.Expired();
        }

        if (transaction.IsStale(store))
        {
            counters.Conflicts++;
            throw DatastoreError.Aborted("Aborted due to cross-transaction contention: something that this transaction read was changed by another one.");
        }
    }

    private int Store(long version, IReadOnlyList<StoredEntity> changes)
    {
        if (changes.Count == 0)
        {
            return 0;
        }

        store.Prune(version - ReadViews.HistoryMicros);
        store.Write(version, changes);
        counters.EntitiesWritten += changes.Count(change => change.Entity is not null);
        counters.EntitiesDeleted += changes.Count(change => change.Entity is null);

        // Two built-in index entries, ascending and descending, for every top-level property; composite indexes are not modelled.
        return changes.Sum(change => 2 * (change.Entity?.Properties.Count ?? 0));
    }
}
