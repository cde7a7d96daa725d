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
/// Every write is a non-transactional commit of one mutation; one with a base version is a compare-and-set in one round trip, for the service
/// answers a conflict with its own version (SERVER_VALUE) instead of an error.
/// </remarks>
internal sealed class DatastoreClient : IDisposable
{
    // Each round is a billable read. A service that defers a single key so often will not answer it in this attempt.
    private const int MaxLookups = 16;

    private readonly GrpcChannel _channel;
    private readonly CallInvoker _invoker;
    private readonly DatastoreAccess _access;
    private readonly EntityCodec _codec;
    private readonly string _databaseId;

    public DatastoreClient(GrpcChannel channel, DatastoreAccess access, EntityCodec codec, string databaseId)
    {
        _channel = channel;
        _invoker = channel.CreateCallInvoker();
        _access = access;
        _codec = codec;
        _databaseId = databaseId;
    }

    /// <summary>Reads one entity. A strong read: it sees every commit that was acknowledged before.</summary>
    /// <returns>The entity, or null, and its version or that of its absence.</returns>
    public async Task<FoundEntity> LookupAsync(CacheKey key, DatastoreAttempt attempt)
    {
        var asked = _codec.KeyOf(key);
        for (int round = 0; round < MaxLookups; round++)
        {
            RequestScope scope = await _access.GetAsync(attempt.CancellationToken).ConfigureAwait(false);
            var request = new LookupRequest { ProjectId = scope.ProjectId, DatabaseId = _databaseId, Keys = { asked } };
            LookupResponse response = await CallAsync(DatastoreMethods.Lookup, request, scope.Headers, attempt).ConfigureAwait(false);
            switch (response)
            {
                case { Found: [{ } found], Missing.Count: 0, Deferred.Count: 0 } when _codec.IsKeyOf(found.Entity?.Key, key):
                    return new FoundEntity(found.Entity, found.Version);
                case { Missing: [{ } missing], Found.Count: 0, Deferred.Count: 0 } when _codec.IsKeyOf(missing.Entity?.Key, key):
                    return new FoundEntity(null, missing.Version);
                case { Deferred: [{ } deferred], Found.Count: 0, Missing.Count: 0 } when _codec.IsKeyOf(deferred, key):
                    break; // a service that is short of room answers a part and defers the rest, which may be all there is
                default:
                    throw new DatastoreProtocolException("the answer to a lookup was not about the key that was asked for");
            }
        }

        throw new DatastoreProtocolException($"the key was deferred {MaxLookups} times");
    }

    /// <summary>
    /// Stores a value, whole. With a version it is an update, for what the service does with an upsert whose base version is that of a removed entity is
    /// not documented; without one it is an insert where nothing may be stored.
    /// </summary>
    public Task<DurableWrite> StoreAsync(CacheKey key, in DurableValue value, WriteCondition condition, DatastoreAttempt attempt)
    {
        Entity entity = _codec.Encode(key, value);
        return condition switch
        {
            { MustBeMissing: true } => InsertAsync(entity, attempt),
            { Version: { } version } => UpdateAsync(new Mutation { Update = entity }, version, attempt),
            _ => CommitAsync(new Mutation { Upsert = entity }, null, attempt),
        };
    }

    /// <summary>Moves the expiry and leaves everything else. An update, not an upsert: that would make a husk of a missing entity.</summary>
    public Task<DurableWrite> ExtendAsync(CacheKey key, long expiresAt, long baseVersion, DatastoreAttempt attempt)
    {
        var mutation = new Mutation
        {
            Update = _codec.EncodeExpiry(key, expiresAt),
            PropertyMask = new PropertyMask { Paths = { EntityProperties.ExpiresAt } },
        };
        return UpdateAsync(mutation, baseVersion, attempt);
    }

    /// <summary>Deletes an entity; a missing one is success.</summary>
    public Task<DurableWrite> DeleteAsync(CacheKey key, long? baseVersion, DatastoreAttempt attempt) =>
        CommitAsync(new Mutation { Delete = _codec.KeyOf(key) }, baseVersion, attempt);

    public void Dispose() => _channel.Dispose();

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

        RequestScope scope = await _access.GetAsync(attempt.CancellationToken).ConfigureAwait(false);
        var request = new CommitRequest
        {
            ProjectId = scope.ProjectId,
            DatabaseId = _databaseId,
            Mode = CommitRequest.Types.Mode.NonTransactional,
            Mutations = { mutation },
        };
        CommitResponse response = await CallAsync(DatastoreMethods.Commit, request, scope.Headers, attempt).ConfigureAwait(false);
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

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        Method<Tracked<TRequest>, TResponse> method, TRequest message, Metadata headers, DatastoreAttempt attempt)
        where TRequest : class
        where TResponse : class
    {
        // The token ends the attempt in the time that the tier was given. The deadline is for the service, which drops what nobody waits for any
        // more; the library derives the header from the system's clock and knows no other.
        DateTime deadline = TimeProvider.System.GetUtcNow().UtcDateTime + attempt.Timeout;
        var options = new CallOptions(headers, deadline, attempt.CancellationToken);
        using AsyncUnaryCall<TResponse> call = _invoker.AsyncUnaryCall(method, null, options, new Tracked<TRequest>(message, attempt));
        return await call.ResponseAsync.ConfigureAwait(false);
    }
}

/// <summary>What a lookup found: the entity or null, and its version or that of its absence.</summary>
internal readonly record struct FoundEntity(Entity? Entity, long Version);

/// <summary>The service answered, but not in a way that its protocol allows.</summary>
internal sealed class DatastoreProtocolException(string message) : Exception(message);
