using System.Buffers.Binary;
using System.Security.Cryptography;
using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;

namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// The open transactions. Concurrency is optimistic: nothing is locked, a commit whose reads are stale is aborted, so the hint
/// <c>previous_transaction</c> (lock priority of a rerun) has nothing to act on. Not thread-safe: used under the engine's lock.
/// </summary>
/// <remarks>
/// An id is a random number of this table followed by a serial number. So an id that was given out and has ended is told from one that
/// never was, as the service does, without remembering the ended ones.
/// </remarks>
internal sealed class TransactionTable(TimeProvider time)
{
    public static readonly TimeSpan MaxIdle = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromSeconds(270);
    private readonly long table = BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(8));
    private readonly Dictionary<long, Transaction> open = [];
    private long lastId;

    public long Begun => lastId;

    public Transaction Begin(Partition scope, bool readOnly, long? readTime)
    {
        var now = time.GetUtcNow();
        foreach (var dead in open.Values.Where(transaction => IsDead(transaction, now)).ToList())
        {
            open.Remove(dead.Id);
        }

        var begun = new Transaction(++lastId, scope, readOnly, readTime, now);
        open.Add(begun.Id, begun);
        return begun;
    }

    public ByteString IdOf(Transaction transaction)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, table);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), transaction.Id);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>The open transaction of an id, whose idle time starts anew.</summary>
    public Transaction Use(ByteString id, Partition scope)
    {
        if (id.Length != 16
            || BinaryPrimitives.ReadInt64LittleEndian(id.Span) != table
            || BinaryPrimitives.ReadInt64LittleEndian(id.Span[8..]) is var serial && (serial < 1 || serial > lastId))
        {
            throw DatastoreError.Invalid("Invalid transaction.");
        }

        var now = time.GetUtcNow();
        if (!open.TryGetValue(serial, out var transaction) || IsDead(transaction, now) || transaction.Scope != scope)
        {
            open.Remove(serial);
            throw Expired();
        }

        transaction.LastUsed = now;
        return transaction;
    }

    public void End(Transaction transaction) => open.Remove(transaction.Id);

    public static DatastoreError Expired() =>
        DatastoreError.Invalid("The referenced transaction has expired or is no longer valid.");

    private static bool IsDead(Transaction transaction, DateTimeOffset now) =>
        now - transaction.LastUsed > MaxIdle || now - transaction.Began > MaxLifetime;
}
