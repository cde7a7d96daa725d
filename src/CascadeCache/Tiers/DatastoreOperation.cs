using CascadeCache.Datastore;
using CascadeCache.Entries;
using CascadeCache.Primitives;

namespace CascadeCache.Tiers;

/// <summary>
/// One operation of the Datastore tier, with all that its attempts need. Made per call; its attempts follow each other, so it has no need of locks.
/// </summary>
internal abstract class DatastoreOperation(CacheKey key, CallContext call, BilledTo billed, long startedAt)
{
    public CacheKey Key { get; } = key;

    public CallContext Call { get; } = call;

    public BilledTo Billed { get; } = billed;

    /// <summary>When the operation began; a timestamp of the tier's TimeProvider.</summary>
    public long StartedAt { get; } = startedAt;

    /// <summary>The last attempt's failure, for the message when the operation ends without another one.</summary>
    public DatastoreFailure? LastFailure { get; set; }

    public abstract bool IsWrite { get; }

    /// <summary>What is tried, as the beginning of a sentence.</summary>
    public abstract string Name { get; }

    public abstract Task<DatastoreReply> SendAsync(DatastoreClient client, DatastoreAttempt attempt);
}

/// <summary>What came of an attempt: a read, a write, or a failure.</summary>
internal readonly record struct DatastoreReply(FoundEntity Found, DurableWrite Write, DatastoreFailure? Failure);

internal sealed class ReadOperation(CacheKey key, CallContext call, BilledTo billed, long startedAt) : DatastoreOperation(key, call, billed, startedAt)
{
    public override bool IsWrite => false;

    public override string Name => "Reading";

    public override async Task<DatastoreReply> SendAsync(DatastoreClient client, DatastoreAttempt attempt) =>
        new(await client.LookupAsync(Key, attempt).ConfigureAwait(false), default, null);
}

internal sealed class WriteOperation(CacheKey key, DurableValue value, WriteCondition condition, long replacedBytes, CallContext call, BilledTo billed, long startedAt)
    : DatastoreOperation(key, call, billed, startedAt)
{
    public override bool IsWrite => true;

    public override string Name => "Storing";

    public override async Task<DatastoreReply> SendAsync(DatastoreClient client, DatastoreAttempt attempt) =>
        new(default, await client.StoreAsync(Key, value, condition, replacedBytes, attempt).ConfigureAwait(false), null);
}

internal sealed class ExtendOperation(CacheKey key, long expiresAt, long baseVersion, long valueBytes, CallContext call, BilledTo billed, long startedAt)
    : DatastoreOperation(key, call, billed, startedAt)
{
    public override bool IsWrite => true;

    public override string Name => "Extending";

    public override async Task<DatastoreReply> SendAsync(DatastoreClient client, DatastoreAttempt attempt) =>
        new(default, await client.ExtendAsync(Key, expiresAt, baseVersion, valueBytes, attempt).ConfigureAwait(false), null);
}

internal sealed class DeleteOperation(CacheKey key, long? baseVersion, long replacedBytes, CallContext call, BilledTo billed, long startedAt)
    : DatastoreOperation(key, call, billed, startedAt)
{
    public override bool IsWrite => true;

    public override string Name => "Deleting";

    public override async Task<DatastoreReply> SendAsync(DatastoreClient client, DatastoreAttempt attempt) =>
        new(default, await client.DeleteAsync(Key, baseVersion, replacedBytes, attempt).ConfigureAwait(false), null);
}
