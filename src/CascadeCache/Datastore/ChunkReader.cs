using System.Buffers;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Entries;
using Google.Protobuf.WellKnownTypes;

namespace CascadeCache.Datastore;

/// <summary>
/// Reads the rest of a value whose header was found: all chunks as of the very instant at which the header was read, whole or not at all. Safe for use by any thread.
/// </summary>
/// <remarks>
/// The header alone fixes the instant: a writer that commits between the two lookups, or between two lookups of deferred keys, is later than that and is not seen.
/// </remarks>
internal sealed class ChunkReader(DatastoreCalls calls, EntityCodec codec, ChunkCodec chunks, TimeProvider time)
{
    /// <summary>Adds to a found entity what its value is if that lies in several.</summary>
    public async Task<FoundEntity> CompleteAsync(FoundEntity found, CacheKey key, DatastoreAttempt attempt)
    {
        if (found.Entity is not { } entity || !ChunkCodec.IsHeader(entity))
        {
            return found;
        }

        DurableValue inline;
        ChunkHeader header;
        try
        {
            if (codec.Decode(entity, key) is not { } decoded)
            {
                return found; // another key's
            }

            // Of what has expired chunks may be missing: a TTL policy removes them in any order. And nobody wants them.
            if (decoded.ExpiresAt <= time.GetUtcNow().ToUnixTimeMilliseconds())
            {
                return found with { State = ChunkState.Expired };
            }

            (inline, header) = (decoded, chunks.DecodeHeader(entity, decoded.Payload.Length));
        }
        catch (CascadeRejectedException e)
        {
            return found with { Refusal = e };
        }

        Timestamp readTime = found.ReadTime ?? throw new DatastoreProtocolException("the answer to a lookup did not tell its time");
        Entity?[] rest = await LookupAsync(key, header.Entities, readTime, attempt).ConfigureAwait(false);
        return ChunkCodec.Assemble(header, inline.Payload.First, rest) is { } whole
            ? found with { State = ChunkState.Whole, Payload = whole }
            : found with { State = ChunkState.Broken };
    }

    private async Task<Entity?[]> LookupAsync(CacheKey key, int entities, Timestamp readTime, DatastoreAttempt attempt)
    {
        var found = new Entity?[entities - 1];
        var open = new HashSet<int>(Enumerable.Range(1, entities - 1));
        for (int round = 0; open.Count > 0; round++)
        {
            if (round == DatastoreClient.MaxLookups)
            {
                throw new DatastoreProtocolException($"keys were deferred {DatastoreClient.MaxLookups} times");
            }

            // What was deferred has not been read yet: it was billed, if at all, by the first request.
            int billed = round == 0 ? open.Count : 0;
            LookupResponse response = await calls.LookupAsync(open.Order().Select(index => chunks.KeyOf(key, index)), mask: null, readTime, billed, attempt).ConfigureAwait(false);
            int answered = response.Found.Count + response.Missing.Count + response.Deferred.Count;
            var deferred = response.Deferred.Select(other => chunks.IndexOf(other, key, entities)).ToHashSet();
            foreach (EntityResult result in response.Found)
            {
                int index = Close(result);
                found[index - 1] = result.Entity;
            }

            foreach (EntityResult result in response.Missing)
            {
                Close(result);
            }

            if (!open.SetEquals(deferred) || deferred.Count != response.Deferred.Count)
            {
                throw new DatastoreProtocolException($"the {answered} answers to a lookup were not about the keys that were asked for");
            }
        }

        return found;

        int Close(EntityResult result)
        {
            int index = chunks.IndexOf(result.Entity?.Key, key, entities);
            return open.Remove(index) ? index : throw new DatastoreProtocolException("an answer to a lookup was not about a key that was asked for");
        }
    }
}

/// <summary>What came of reading a value that lies in several entities.</summary>
internal enum ChunkState
{
    /// <summary>It lies in one, or there is none.</summary>
    None,

    /// <summary>All of it was read.</summary>
    Whole,

    /// <summary>It has expired, and was not read.</summary>
    Expired,

    /// <summary>Parts are missing or of another write.</summary>
    Broken,
}

/// <summary>What a lookup found: the entity or null, and its version or that of its absence.</summary>
/// <param name="Entity">The entity; of a value that lies in several the header.</param>
/// <param name="Version">Its version.</param>
/// <param name="ReadTime">The instant that was read.</param>
internal readonly record struct FoundEntity(Entity? Entity, long Version, Timestamp? ReadTime)
{
    public ChunkState State { get; init; }

    /// <summary>The whole value, if it lies in several entities and was read.</summary>
    public ReadOnlySequence<byte> Payload { get; init; }

    /// <summary>Why the header is not one of ours.</summary>
    public CascadeRejectedException? Refusal { get; init; }
}
