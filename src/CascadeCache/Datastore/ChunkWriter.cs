using CascadeCache.Datastore.Protocol;
using CascadeCache.Entries;
using Grpc.Core;

namespace CascadeCache.Datastore;

/// <summary>
/// The writes that concern several entities: each is one commit that is applied as a whole or not at all. Safe for use by any thread.
/// </summary>
/// <remarks>
/// A base version stands on the header alone, with the strategy FAIL: with the one that single entities use the service would skip the header and apply the rest.
/// Chunks are never without a header's mutation beside them, so the header's version is that of the value.
/// </remarks>
internal sealed class ChunkWriter(DatastoreCalls calls, EntityCodec codec, ChunkCodec chunks, Func<Guid> newGeneration)
{
    /// <summary>The entities of one write of a value, as many as it needs, the first of them under the key itself. They have a copy of the bytes.</summary>
    public IReadOnlyList<Entity> Encode(CacheKey key, in DurableValue value) =>
        chunks.LayoutFor(key).IsLarge(value.Payload.Length) ? chunks.Encode(key, value, newGeneration()) : [codec.Encode(key, value)];

    /// <summary>Stores a value, and deletes the chunks that only what it replaces has.</summary>
    /// <param name="key">The key.</param>
    /// <param name="entities">What to store; it may be one entity.</param>
    /// <param name="condition">When to store it.</param>
    /// <param name="replacedEntities">In how many entities lies what the condition's version is that of; 0: not known.</param>
    /// <param name="attempt">What it belongs to.</param>
    public Task<DurableWrite> StoreAsync(CacheKey key, IReadOnlyList<Entity> entities, WriteCondition condition, int replacedEntities, DatastoreAttempt attempt)
    {
        Mutation header = condition switch
        {
            { MustBeMissing: true } => new Mutation { Insert = entities[0] },
            { Version: { } version } => If(version, new Mutation { Update = entities[0] }),
            _ => new Mutation { Upsert = entities[0] },
        };
        Mutation[] mutations = [header, .. entities.Skip(1).Select(static chunk => new Mutation { Upsert = chunk }), .. Deletes(key, entities.Count, replacedEntities)];
        return CommitAsync(key, mutations, condition, attempt);
    }

    /// <summary>Deletes a value with all its chunks, if its version still stands.</summary>
    public Task<DurableWrite> DeleteAsync(CacheKey key, StoredHeader stored, DatastoreAttempt attempt)
    {
        Mutation header = If(stored.Version, new Mutation { Delete = codec.KeyOf(key) });
        return CommitAsync(key, [header, .. Deletes(key, 1, stored.Entities)], WriteCondition.IfVersion(stored.Version), attempt);
    }

    /// <summary>Moves the expiry of all entities of a value at once, so that a TTL policy never takes a part of one that lives.</summary>
    public Task<DurableWrite> ExtendAsync(CacheKey key, long expiresAt, StoredHeader stored, DatastoreAttempt attempt)
    {
        Mutation[] mutations = [.. Enumerable.Range(0, stored.Entities).Select(index => Move(key, index, expiresAt))];
        If(stored.Version, mutations[0]);
        return CommitAsync(key, mutations, WriteCondition.IfVersion(stored.Version), attempt);
    }

    /// <summary>What is stored now, without its bytes. One billable read.</summary>
    public async Task<StoredHeader> FindAsync(CacheKey key, DatastoreAttempt attempt)
    {
        for (int round = 0; round < DatastoreClient.MaxLookups; round++)
        {
            var mask = new PropertyMask { Paths = { EntityProperties.Chunks } };
            LookupResponse response = await calls.LookupAsync([codec.KeyOf(key)], mask, readTime: null, billed: 1, attempt).ConfigureAwait(false);
            if (DatastoreClient.AnswerAbout(key, codec, response) is { } answer)
            {
                return new StoredHeader(answer.Version, answer.Entity is { } entity ? ChunkCodec.EntitiesOf(entity) : 0);
            }
        }

        throw new DatastoreProtocolException($"the key was deferred {DatastoreClient.MaxLookups} times");
    }

    private IEnumerable<Mutation> Deletes(CacheKey key, int from, int to) =>
        Enumerable.Range(from, Math.Max(0, to - from)).Select(index => new Mutation { Delete = chunks.KeyOf(key, index) });

    // An update, not an upsert: that would make a husk of a missing chunk.
    private Mutation Move(CacheKey key, int index, long expiresAt) => new()
    {
        Update = chunks.EncodeExpiry(key, index, expiresAt),
        PropertyMask = new PropertyMask { Paths = { EntityProperties.ExpiresAt } },
    };

    private static Mutation If(long version, Mutation mutation)
    {
        mutation.BaseVersion = version;
        mutation.ConflictResolutionStrategy = Mutation.Types.ConflictResolutionStrategy.Fail;
        return mutation;
    }

    private async Task<DurableWrite> CommitAsync(CacheKey key, IReadOnlyList<Mutation> mutations, WriteCondition condition, DatastoreAttempt attempt)
    {
        try
        {
            CommitResponse response = await calls.CommitAsync(mutations, attempt).ConfigureAwait(false);
            if (response.MutationResults.Count != mutations.Count || response.MutationResults.Any(static result => result.ConflictDetected))
            {
                throw new DatastoreProtocolException("the answer to a commit of several mutations was not that all were made");
            }

            return new DurableWrite(DurableWriteStatus.Applied, response.MutationResults[0].Version);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists && condition.MustBeMissing && attempt.MayHaveArrived)
        {
            return new DurableWrite(DurableWriteStatus.Conflict, DurableWrite.Untold);
        }
        catch (RpcException e) when (IsRefusal(e) && condition.Version is not null && attempt.MayHaveArrived)
        {
            // The code of a conflict is not documented, and the one that it seems to have is also that of contention, which passes. What stands now decides.
            attempt.MarkRefused();
            if (await RefusedAsync(key, condition.Version.Value, e.StatusCode, attempt).ConfigureAwait(false) is { } refused)
            {
                return refused;
            }

            throw;
        }
    }

    private static bool IsRefusal(RpcException e) =>
        e.StatusCode is StatusCode.Aborted or StatusCode.FailedPrecondition or StatusCode.NotFound && e.Status.DebugException is null;

    /// <returns>Null: the version still stands, so that it was not the reason.</returns>
    private async Task<DurableWrite?> RefusedAsync(CacheKey key, long baseVersion, StatusCode code, DatastoreAttempt attempt) =>
        await FindAsync(key, attempt).ConfigureAwait(false) switch
        {
            { IsStored: false } => new DurableWrite(DurableWriteStatus.NotFound, DurableWrite.Gone),
            var stored when stored.Version != baseVersion => new DurableWrite(DurableWriteStatus.Conflict, stored.Version),

            // The header is there, so it is a chunk that is not: a value that can be neither read nor extended.
            _ when code == StatusCode.NotFound => new DurableWrite(DurableWriteStatus.NotFound, DurableWrite.Untold),
            _ => null,
        };
}

/// <summary>What is stored under a key, without its bytes.</summary>
/// <param name="Version">Its version, or that of its absence.</param>
/// <param name="Entities">In how many entities it lies; 0: nothing is stored.</param>
internal readonly record struct StoredHeader(long Version, int Entities)
{
    public bool IsStored => Entities > 0;
}
