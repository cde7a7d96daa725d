using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Entries;
using Google.Protobuf.WellKnownTypes;

namespace CascadeCache.Tests.Datastore;

/// <summary>What the tests of values in several entities say over and over.</summary>
internal static class ChunkRig
{
    /// <summary>The instant at which a scripted header is read.</summary>
    public static readonly Timestamp ReadTime = new() { Seconds = 1_700_000_000, Nanos = 123_456_000 };

    public static readonly ChunkCodec Codec = new(TierRig.Codec(), "Session", "");

    public static ChunkLayout Layout => Codec.LayoutFor(TierRig.Key);

    public static int OneEntity => (int)Layout.OneEntityBytes;

    public static byte[] Bytes(int size, int seed)
    {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++)
        {
            bytes[i] = (byte)((i * 31) + seed + (i >> 8));
        }

        return bytes;
    }

    /// <summary>A value of so many entities, that expires later than the tests' clock shows.</summary>
    public static DurableValue Value(int entities, int seed = 1) => new(
        Bytes(entities == 1 ? 100 : (int)(Layout.HeaderBytes + ((entities - 2) * Layout.ChunkBytes) + 500), seed).ToSequence(), new EntryLifetime(EntryLifetime.Never, 60_000), 4_000_000_000_000);

    public static List<Entity> Entities(DurableValue value, int generation = 1) => [.. Codec.Encode(TierRig.Key, value, new Guid(generation, 0, 0, new byte[8]))];

    public static LookupResponse Header(Entity header, long version = 5)
    {
        LookupResponse response = TierRig.Found(header, version);
        response.ReadTime = ReadTime;
        return response;
    }

    /// <summary>What a masked lookup of a header finds.</summary>
    public static LookupResponse Masked(int entities, long version = 5)
    {
        var entity = new Entity { Key = TierRig.Codec().KeyOf(TierRig.Key) };
        if (entities > 1)
        {
            entity.Properties.Add("Chunks", EntityCodec.Integer(entities));
        }

        return Header(entity, version);
    }

    public static LookupResponse Chunks(IEnumerable<Entity> chunks, params int[] deferred) => new()
    {
        Found = { chunks.Select(static chunk => new EntityResult { Entity = chunk, Version = 5 }) },
        Deferred = { deferred.Select(static index => Codec.KeyOf(TierRig.Key, index)) },
        ReadTime = ReadTime,
    };

    public static CommitResponse Committed(int mutations, long version = 7) => new()
    {
        MutationResults = { Enumerable.Range(0, mutations).Select(index => new MutationResult { Version = version + index }) },
    };

    public static string[] Names(IEnumerable<Key> keys) => [.. keys.Select(static key => $"{key.Path[0].Kind}/{key.Path[0].Name}")];

    /// <summary>Each mutation of a commit in short: operation, kind and name, base version, mask.</summary>
    public static string[] Mutations(CommitRequest commit) => [.. commit.Mutations.Select(static mutation =>
    {
        Key key = mutation.Delete ?? (mutation.Insert ?? mutation.Update ?? mutation.Upsert).Key;
        string condition = mutation.HasBaseVersion ? $" if {mutation.BaseVersion} {mutation.ConflictResolutionStrategy}" : "";
        string mask = mutation.PropertyMask is { } m ? " mask " + string.Join(",", m.Paths) : "";
        return $"{mutation.OperationCase} {key.Path[0].Kind}/{key.Path[0].Name}{condition}{mask}";
    })];
}
