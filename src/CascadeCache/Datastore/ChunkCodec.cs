using System.Buffers;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using Google.Protobuf;
using Value = CascadeCache.Datastore.Protocol.Value;

namespace CascadeCache.Datastore;

/// <summary>What a header says about a value that lies in several entities.</summary>
/// <param name="Entities">In how many, the header included.</param>
/// <param name="Length">The bytes of the whole.</param>
/// <param name="Generation">What its entities have in common.</param>
/// <param name="Checksum">The checksum of the whole.</param>
internal sealed record ChunkHeader(int Entities, long Length, ByteString Generation, ByteString Checksum);

/// <summary>Turns values that do not fit into one entity into several and back. Stateless but for the names; any thread.</summary>
/// <remarks>
/// A write gives all its entities the same random generation. So a part of another write is known for what it is even where all else is the same; the checksum finds
/// what was changed by other hands.
/// </remarks>
internal sealed class ChunkCodec(EntityCodec codec, string kind, string namespaceId)
{
    public string ChunkKind { get; } = ChunkLayout.ChunkKindOf(kind);

    public ChunkLayout LayoutFor(CacheKey key) => ChunkLayout.For(key, kind, ChunkKind, namespaceId);

    /// <summary>The key of a chunk; index 0 is the header.</summary>
    public Key KeyOf(CacheKey key, int index)
    {
        Key result = codec.KeyOf(key);
        if (index > 0)
        {
            result.Path[0].Kind = ChunkKind;
            result.Path[0].Name = key.DurablePartName(index);
        }

        return result;
    }

    /// <summary>Which chunk of the key a key that came back is, of those below a number; 0: none.</summary>
    public int IndexOf(Key? found, CacheKey key, int entities)
    {
        if (found is { Path: [{ } last] } && last.Kind == ChunkKind && (found.PartitionId?.NamespaceId ?? "") == namespaceId)
        {
            for (int index = 1; index < entities; index++)
            {
                if (last.Name == key.DurablePartName(index))
                {
                    return index;
                }
            }
        }

        return 0;
    }

    /// <summary>The entities that hold the value, the header first. They have a copy of the bytes.</summary>
    public IReadOnlyList<Entity> Encode(CacheKey key, in DurableValue value, Guid generation)
    {
        ChunkLayout layout = LayoutFor(key);
        ReadOnlySequence<byte> payload = value.Payload;
        ByteString common = ByteString.CopyFrom(generation.ToByteArray());
        long headerBytes = Math.Min(layout.HeaderBytes, payload.Length);
        int entities = layout.EntitiesFor(payload.Length);

        Entity header = codec.Encode(key, value with { Payload = payload.Slice(0, headerBytes) });
        header.Properties.Add(EntityProperties.Chunks, EntityCodec.Integer(entities));
        header.Properties.Add(EntityProperties.Length, EntityCodec.Integer(payload.Length));
        header.Properties.Add(EntityProperties.Generation, EntityCodec.Blob(common));
        header.Properties.Add(EntityProperties.Checksum, EntityCodec.Blob(ChecksumOf(payload)));
        var all = new List<Entity>(entities) { header };
        ReadOnlySequence<byte> rest = payload.Slice(headerBytes);
        for (int index = 1; index < entities; index++)
        {
            ReadOnlySequence<byte> part = rest.Slice(0, Math.Min(layout.ChunkBytes, rest.Length));
            rest = rest.Slice(part.End);
            Entity chunk = EncodeExpiry(key, index, value.ExpiresAt);
            chunk.Properties.Add(EntityProperties.Generation, EntityCodec.Blob(common));
            chunk.Properties.Add(EntityProperties.Index, EntityCodec.Integer(index));
            chunk.Properties.Add(EntityProperties.Value, EntityCodec.Blob(EntityCodec.Copy(part)));
            all.Add(chunk);
        }

        return all;
    }

    /// <summary>A chunk, or the header, with its expiry alone.</summary>
    public Entity EncodeExpiry(CacheKey key, int index, long expiresAt)
    {
        var entity = new Entity { Key = KeyOf(key, index) };
        EntityCodec.AddExpiry(entity, expiresAt);
        return entity;
    }

    /// <summary>In how many entities the value lies that an entity, or what a masked read left of it, begins; 1 for any that says nothing that we would say.</summary>
    public static int EntitiesOf(Entity entity) =>
        EntityCodec.Find(entity, EntityProperties.Chunks) is { ValueTypeCase: Value.ValueTypeOneofCase.IntegerValue, IntegerValue: >= 2 and <= ChunkLayout.MostEntities } count
            ? (int)count.IntegerValue
            : 1;

    /// <summary>Whether the value only begins in this entity.</summary>
    public static bool IsHeader(Entity entity) =>
        EntityCodec.Find(entity, EntityProperties.Chunks) is { ValueTypeCase: not Value.ValueTypeOneofCase.NullValue };

    /// <summary>What a header says.</summary>
    /// <exception cref="CascadeRejectedException">It was not written by this cache.</exception>
    public ChunkHeader DecodeHeader(Entity header, long inlineBytes)
    {
        int entities = EntitiesOf(header);
        if (entities == 1)
        {
            throw codec.Foreign(header, EntityProperties.Chunks, "a possible number of entities");
        }

        // The bound keeps an entity of another program from making this one allocate what it pleases.
        long mostBytes = inlineBytes + ((entities - 1) * EntitySize.MaxEntityBytes);
        if (EntityCodec.Find(header, EntityProperties.Length) is not { ValueTypeCase: Value.ValueTypeOneofCase.IntegerValue } length
            || length.IntegerValue <= inlineBytes
            || length.IntegerValue > mostBytes)
        {
            throw codec.Foreign(header, EntityProperties.Length, "a possible length");
        }

        return new ChunkHeader(entities, length.IntegerValue, ReadBlob(header, EntityProperties.Generation), ReadBlob(header, EntityProperties.Checksum));
    }

    /// <summary>The whole value, from where its parts lie, or null if a part is missing or of another write, or the whole is not what was written.</summary>
    /// <param name="header">What the header says.</param>
    /// <param name="inline">The bytes that the header itself holds.</param>
    /// <param name="chunks">The chunks from index 1 on; null where there was none.</param>
    public static ReadOnlySequence<byte>? Assemble(ChunkHeader header, ReadOnlyMemory<byte> inline, IReadOnlyList<Entity?> chunks)
    {
        var parts = new List<ReadOnlyMemory<byte>>(chunks.Count + 1) { inline };
        for (int i = 0; i < chunks.Count; i++)
        {
            if (chunks[i] is not { } chunk || !IsPart(chunk, header, i + 1))
            {
                return null;
            }

            parts.Add(PartOf(chunk).Memory);
        }

        ReadOnlySequence<byte> whole = ByteSequence.Of(parts);
        return whole.Length == header.Length && ChecksumOf(whole) == header.Checksum ? whole : null;
    }

    /// <summary>What is thrown about a value of which not all can be had.</summary>
    public CascadeRejectedException Broken() => new(
        $"A value of kind {kind} is not whole: entities of kind {ChunkKind} that belong to it are missing or not what was written with it. It was left as it is. Store the value anew or remove it, and let nothing but this cache, and a TTL policy on {EntityProperties.ExpiresAt}, change that kind.");

    private ByteString ReadBlob(Entity header, string name) =>
        EntityCodec.Find(header, name) is { ValueTypeCase: Value.ValueTypeOneofCase.BlobValue } value
            ? value.BlobValue
            : throw codec.Foreign(header, name, "a blob");

    private static bool IsPart(Entity chunk, ChunkHeader header, int index) =>
        EntityCodec.Find(chunk, EntityProperties.Generation) is { ValueTypeCase: Value.ValueTypeOneofCase.BlobValue } generation
        && generation.BlobValue == header.Generation
        && EntityCodec.Find(chunk, EntityProperties.Index) is { ValueTypeCase: Value.ValueTypeOneofCase.IntegerValue } number
        && number.IntegerValue == index
        && EntityCodec.Find(chunk, EntityProperties.Value) is { ValueTypeCase: Value.ValueTypeOneofCase.BlobValue };

    private static ByteString PartOf(Entity chunk) => chunk.Properties[EntityProperties.Value].BlobValue;

    private static ByteString ChecksumOf(in ReadOnlySequence<byte> payload) => ByteString.CopyFrom(ByteSequence.LongHash(payload));
}
