using CascadeCache.Datastore.Protocol;
using CascadeCache.Entries;
using Grpc.Core;
using Grpc.Net.Client;

namespace CascadeCache.Datastore;

/// <summary>
/// Single attempts at single-key operations on Datastore. It neither repeats nor interprets failures: they come as <see cref="RpcException"/> or
/// as the exceptions of <see cref="DatastoreAccess"/>. Safe for use by any thread.
/// </summary>
/// <remarks>
/// Every write of a value that fits into one entity is a non-transactional commit of one mutation; one with a base version is a compare-and-set in one round trip, for
/// the service answers a conflict with its own version (SERVER_VALUE) instead of an error. Larger values are <see cref="ChunkWriter"/>'s and
/// <see cref="ChunkReader"/>'s; whoever has none never pays for them.
/// </remarks>
internal sealed class DatastoreClient : IDisposable
{
    // Each round is a billable read. A service that defers a single key so often will not answer it in this attempt.
    public const int MaxLookups = 16;

    // A snapshot that is not whole is not the work of a writer who was faster; but a second look costs little against a value that is lost.
    private const int MaxReads = 2;

    private readonly DatastoreCalls _calls;
    private readonly EntityCodec _codec;
    private readonly ChunkCodec _chunks;
    private readonly ChunkReader _reader;
    private readonly ChunkWriter _writer;

    public DatastoreClient(GrpcChannel channel, DatastoreAccess access, EntityCodec codec, ChunkCodec chunks, DatastoreOptions options, TimeProvider time, Func<Guid> newGeneration)
    {
        _calls = new DatastoreCalls(channel, access, options.DatabaseId);
        _codec = codec;
        _chunks = chunks;
        _reader = new ChunkReader(_calls, codec, chunks, time);
        _writer = new ChunkWriter(_calls, codec, chunks, newGeneration);
    }

    /// <summary>Reads a value. A strong read: it sees every commit that was acknowledged before.</summary>
    /// <returns>The entity, or null, and its version or that of its absence.</returns>
    public async Task<FoundEntity> LookupAsync(CacheKey key, DatastoreAttempt attempt)
    {
        FoundEntity found = default;
        for (int read = 0; read < MaxReads && (read == 0 || found.State == ChunkState.Broken); read++)
        {
            found = await _reader.CompleteAsync(await LookupEntityAsync(key, attempt).ConfigureAwait(false), key, attempt).ConfigureAwait(false);
        }

        return found;
    }

    /// <summary>
    /// Stores a value, whole. With a version it is an update, for what the service does with an upsert whose base version is that of a removed entity is
    /// not documented; without one it is an insert where nothing may be stored.
    /// </summary>
    public async Task<DurableWrite> StoreAsync(CacheKey key, DurableValue value, WriteCondition condition, long replacedBytes, DatastoreAttempt attempt)
    {
        // Before the first wait: an attempt that was given up goes on for a while, and by then the caller uses the value's memory for something else.
        IReadOnlyList<Entity> entities = _writer.Encode(key, value);
        ChunkLayout layout = _chunks.LayoutFor(key);
        bool mayLeaveChunks = layout.IsLarge(replacedBytes) && entities.Count < layout.EntitiesFor(layout.MaxValueBytes) && !condition.MustBeMissing;
        if (mayLeaveChunks && await ReplaceAsync(key, entities, condition, attempt).ConfigureAwait(false) is { } replaced)
        {
            return replaced;
        }

        if (entities is not [{ } entity])
        {
            return await _writer.StoreAsync(key, entities, condition, replacedEntities: 0, attempt).ConfigureAwait(false);
        }

        return await (condition switch
        {
            { MustBeMissing: true } => InsertAsync(entity, attempt),
            { Version: { } version } => UpdateAsync(new Mutation { Update = entity }, version, attempt),
            _ => CommitAsync(new Mutation { Upsert = entity }, null, attempt),
        }).ConfigureAwait(false);
    }

    /// <summary>Moves the expiry and leaves everything else. An update, not an upsert: that would make a husk of a missing entity.</summary>
    public async Task<DurableWrite> ExtendAsync(CacheKey key, long expiresAt, long baseVersion, long valueBytes, DatastoreAttempt attempt)
    {
        if (_chunks.LayoutFor(key).IsLarge(valueBytes))
        {
            StoredHeader stored = await _writer.FindAsync(key, attempt).ConfigureAwait(false);
            if (!stored.IsStored)
            {
                return new DurableWrite(DurableWriteStatus.NotFound, DurableWrite.Gone);
            }

            if (stored.Version != baseVersion)
            {
                return new DurableWrite(DurableWriteStatus.Conflict, stored.Version);
            }

            if (stored.Entities > 1)
            {
                return await _writer.ExtendAsync(key, expiresAt, stored, attempt).ConfigureAwait(false);
            }
        }

        var mutation = new Mutation
        {
            Update = _codec.EncodeExpiry(key, expiresAt),
            PropertyMask = new PropertyMask { Paths = { EntityProperties.ExpiresAt } },
        };
        return await UpdateAsync(mutation, baseVersion, attempt).ConfigureAwait(false);
    }

    /// <summary>Deletes a value; a missing one is success.</summary>
    public async Task<DurableWrite> DeleteAsync(CacheKey key, long? baseVersion, long replacedBytes, DatastoreAttempt attempt)
    {
        if (_chunks.LayoutFor(key).IsLarge(replacedBytes))
        {
            StoredHeader stored = await _writer.FindAsync(key, attempt).ConfigureAwait(false);
            if (stored.Entities > 1 && (baseVersion ?? stored.Version) == stored.Version)
            {
                DurableWrite write = await _writer.DeleteAsync(key, stored, attempt).ConfigureAwait(false);
                if (write.IsApplied || baseVersion is not null)
                {
                    return write;
                }
            }
        }

        return await CommitAsync(new Mutation { Delete = _codec.KeyOf(key) }, baseVersion, attempt).ConfigureAwait(false);
    }

    public void Dispose() => _calls.Dispose();

    /// <summary>What an answer to a lookup of one key says, or null if the key was deferred.</summary>
    /// <exception cref="DatastoreProtocolException">It is about another key, or about several.</exception>
    public static FoundEntity? AnswerAbout(CacheKey key, EntityCodec codec, LookupResponse response) => response switch
    {
        { Found: [{ } found], Missing.Count: 0, Deferred.Count: 0 } when codec.IsKeyOf(found.Entity?.Key, key) => new FoundEntity(found.Entity, found.Version, response.ReadTime),
        { Missing: [{ } missing], Found.Count: 0, Deferred.Count: 0 } when codec.IsKeyOf(missing.Entity?.Key, key) => new FoundEntity(null, missing.Version, response.ReadTime),

        // A service that is short of room answers a part and defers the rest, which may be all there is.
        { Deferred: [{ } deferred], Found.Count: 0, Missing.Count: 0 } when codec.IsKeyOf(deferred, key) => null,
        _ => throw new DatastoreProtocolException("the answer to a lookup was not about the key that was asked for"),
    };

    private async Task<FoundEntity> LookupEntityAsync(CacheKey key, DatastoreAttempt attempt)
    {
        Key asked = _codec.KeyOf(key);
        for (int round = 0; round < MaxLookups; round++)
        {
            LookupResponse response = await _calls.LookupAsync([asked], mask: null, readTime: null, billed: 1, attempt).ConfigureAwait(false);
            if (AnswerAbout(key, _codec, response) is { } answer)
            {
                return answer;
            }
        }

        throw new DatastoreProtocolException($"the key was deferred {MaxLookups} times");
    }

    /// <summary>Stores over a value that may have more chunks than the new one, and deletes those in the same commit.</summary>
    /// <returns>Null: nothing was written, and the write needs to know nothing of what it replaces.</returns>
    private async Task<DurableWrite?> ReplaceAsync(CacheKey key, IReadOnlyList<Entity> entities, WriteCondition condition, DatastoreAttempt attempt)
    {
        StoredHeader stored = await _writer.FindAsync(key, attempt).ConfigureAwait(false);
        if (stored.Entities <= entities.Count || (condition.Version ?? stored.Version) != stored.Version)
        {
            return null;
        }

        DurableWrite write = await _writer.StoreAsync(key, entities, WriteCondition.IfVersion(stored.Version), stored.Entities, attempt).ConfigureAwait(false);

        // A write without a condition does not fail because somebody else was faster. What it replaces then is not known: those chunks stay until they expire.
        return write.IsApplied || condition.Version is not null ? write : null;
    }

    private async Task<DurableWrite> InsertAsync(Entity entity, DatastoreAttempt attempt)
    {
        try
        {
            return await CommitAsync(new Mutation { Insert = entity }, null, attempt).ConfigureAwait(false);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists && attempt.MayHaveArrived)
        {
            return new DurableWrite(DurableWriteStatus.Conflict, DurableWrite.Untold);
        }
    }

    private async Task<DurableWrite> UpdateAsync(Mutation mutation, long baseVersion, DatastoreAttempt attempt)
    {
        try
        {
            return await CommitAsync(mutation, baseVersion, attempt).ConfigureAwait(false);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound && attempt.MayHaveArrived)
        {
            return new DurableWrite(DurableWriteStatus.NotFound, DurableWrite.Gone);
        }
    }

    private async Task<DurableWrite> CommitAsync(Mutation mutation, long? baseVersion, DatastoreAttempt attempt)
    {
        if (baseVersion is { } version)
        {
            mutation.BaseVersion = version;
            mutation.ConflictResolutionStrategy = Mutation.Types.ConflictResolutionStrategy.ServerValue;
        }

        CommitResponse response = await _calls.CommitAsync([mutation], attempt).ConfigureAwait(false);
        if (response.MutationResults is not [{ } result])
        {
            throw new DatastoreProtocolException("the answer to a commit of one mutation did not have one result");
        }

        if (result.ConflictDetected && baseVersion is null)
        {
            throw new DatastoreProtocolException("the answer to an unconditional commit was a conflict");
        }

        return new DurableWrite(result.ConflictDetected ? DurableWriteStatus.Conflict : DurableWriteStatus.Applied, result.Version);
    }
}

/// <summary>The service answered, but not in a way that its protocol allows.</summary>
internal sealed class DatastoreProtocolException(string message) : Exception(message);
