using System.Text;
using CascadeCache.Entries;

namespace CascadeCache.Datastore;

/// <summary>
/// How large an entity is by Datastore's own reckoning ("Storage size calculations" in its documentation): a string is its UTF-8 bytes and one;
/// a key is 16, its namespace if it has one, and each element's kind and name; a property is its name and its value; integers and timestamps
/// are 8, blobs their length; the entity is all of that and 32.
/// </summary>
internal static class EntitySize
{
    /// <summary>1 MiB less 4.</summary>
    public const long MaxEntityBytes = 1_048_572;

    private const long EntityOverhead = 32;
    private const long KeyOverhead = 16;
    private const long EightByteValue = 8;
    private const long SixteenByteValue = 16;

    /// <summary>The size of the entity that holds <paramref name="valueBytes"/> bytes with every property that a value can need.</summary>
    public static long Of(CacheKey key, string kind, string namespaceId, long valueBytes) =>
        EntityOverhead
        + KeyOverhead + (namespaceId.Length > 0 ? String(namespaceId) : 0) + String(kind) + String(key.DurableName)
        + String(EntityProperties.Value) + valueBytes
        + String(EntityProperties.ExpiresAt) + EightByteValue
        + String(EntityProperties.AbsoluteAt) + EightByteValue
        + String(EntityProperties.Window) + EightByteValue
        + String(EntityProperties.Encoding) + EightByteValue
        + (key.IsDurableNameHashed ? String(EntityProperties.FullKey) + key.TextBytes.Length : 0);

    /// <summary>
    /// The largest value that fits under the key; -1 if the key alone is too long. It is below the 1,048,487 bytes that one unindexed property
    /// may have, whatever the key.
    /// </summary>
    public static long MaxValueBytes(CacheKey key, string kind, string namespaceId) =>
        Math.Max(-1, MaxEntityBytes - Of(key, kind, namespaceId, valueBytes: 0));

    /// <summary>The size, but for the value's bytes, of the entity that holds the beginning of a value and says where the rest is.</summary>
    public static long OfHeader(CacheKey key, string kind, string namespaceId) =>
        Of(key, kind, namespaceId, valueBytes: 0)
        + String(EntityProperties.Chunks) + EightByteValue
        + String(EntityProperties.Length) + EightByteValue
        + String(EntityProperties.Generation) + SixteenByteValue
        + String(EntityProperties.Checksum) + SixteenByteValue;

    /// <summary>The size, but for the value's bytes, of an entity that holds a further part of a value; of those with the longest name.</summary>
    public static long OfChunk(CacheKey key, string chunkKind, string namespaceId) =>
        EntityOverhead
        + KeyOverhead + (namespaceId.Length > 0 ? String(namespaceId) : 0) + String(chunkKind) + String(key.DurablePartName(ChunkLayout.MostEntities - 1))
        + String(EntityProperties.Generation) + SixteenByteValue
        + String(EntityProperties.Index) + EightByteValue
        + String(EntityProperties.Value)
        + String(EntityProperties.ExpiresAt) + EightByteValue;

    private static long String(string text) => Encoding.UTF8.GetByteCount(text) + 1;
}
