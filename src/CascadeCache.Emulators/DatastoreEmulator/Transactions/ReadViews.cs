using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Grpc.Core;
using ConsistencyCase = CascadeCache.Emulators.Datastore.Protocol.ReadOptions.ConsistencyTypeOneofCase;
using ModeCase = CascadeCache.Emulators.Datastore.Protocol.TransactionOptions.ModeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>The instant that a read sees, and the transaction it belongs to. <paramref name="Begun"/> is empty unless this read began it.</summary>
internal sealed record ReadView(long At, Transaction? Transaction, ByteString Begun);

/// <summary>Turns read and transaction options into what they mean at this moment. Not thread-safe: used under the engine's lock.</summary>
internal sealed class ReadViews(EmulatorClock clock, IEntityStore store, TransactionTable transactions)
{
    /// <summary>How far back a read time may lie, in microseconds: one hour.</summary>
    public const long HistoryMicros = 3_600_000_000;

    public ReadView Open(Partition scope, ReadOptions? options)
    {
        switch (options?.ConsistencyTypeCase ?? ConsistencyCase.None)
        {
            case ConsistencyCase.Transaction:
                return Of(transactions.Use(options!.Transaction, scope), ByteString.Empty);
            case ConsistencyCase.NewTransaction:
                var begun = Begin(scope, options!.NewTransaction);
                return Of(begun, transactions.IdOf(begun));
            case ConsistencyCase.ReadTime:
                return new ReadView(CheckReadTime(Timestamps.ToMicros(options!.ReadTime)), null, ByteString.Empty);
            case ConsistencyCase.ReadConsistency when !Enum.IsDefined(options!.ReadConsistency):
                throw DatastoreError.Unimplemented($"the read consistency {options.ReadConsistency}");
            default:
                return new ReadView(clock.Now(), null, ByteString.Empty);
        }
    }

    public Transaction Begin(Partition scope, TransactionOptions? options)
    {
        // No mode at all means read-write: Google's Node client sends exactly that.
        var readOnly = options?.ModeCase == ModeCase.ReadOnly;
        long? readTime = readOnly && options!.ReadOnly.ReadTime is { } time ? CheckReadTime(Timestamps.ToMicros(time)) : null;
        return transactions.Begin(scope, readOnly, readTime);
    }

    private ReadView Of(Transaction transaction, ByteString begun)
    {
        var at = transaction.Snapshot ??= clock.Now();
        if (at < store.Floor)
        {
            transactions.End(transaction);
            throw TransactionTable.Expired();
        }

        return new ReadView(at, transaction, begun);
    }

    private long CheckReadTime(long at)
    {
        var now = clock.Now();
        if (at > now)
        {
            throw DatastoreError.Invalid("The read time is in the future.");
        }

        if (at < now - HistoryMicros || at < store.Floor)
        {
            throw new DatastoreError(StatusCode.FailedPrecondition, "The requested read time is too old.");
        }

        return at;
    }
}
