using System.Text;
using CascadeCache.Entries;

namespace CascadeCache.Datastore;

/// <summary>
/// How the values of one key are spread over entities. What fits into one entity lies in one, as if there were no others. A larger value begins in an entity of the
/// same name, the header, which is filled; the rest lies in chunks of a kind of their own, all but the last of which are filled. All of them are written by one
/// commit, whose limit is the limit of a value.
/// </summary>
internal readonly record struct ChunkLayout
{
    /// <summary>More than one commit can hold; a header that says more is not ours.</summary>
    public const int MostEntities = 16;

    /// <summary>10 MiB: how large a request, and what a transaction writes, may be.</summary>
    public const long MaxCommitBytes = 10 * 1024 * 1024;

    /// <summary>What a commit takes besides its mutations: project, database, mode, transaction.</summary>
    public const long RequestBytes = 1024;

    /// <summary>By how much at most a mutation is larger as a message than its entity is in storage, by which the service counts too.</summary>
    public const long MessageBytes = 128;

    private const string ChunkSuffix = "Chunk";
    private const int MaxKindBytes = 1500;

    private ChunkLayout(long oneEntity, long header, long chunk, long max) => (OneEntityBytes, HeaderBytes, ChunkBytes, MaxValueBytes) = (oneEntity, header, chunk, max);

    /// <summary>The largest value that lies in one entity; -1 if the key alone is too long.</summary>
    public long OneEntityBytes { get; }

    /// <summary>How many bytes of a larger value its header holds.</summary>
    public long HeaderBytes { get; }

    /// <summary>How many bytes of it each chunk holds; the last one perhaps fewer.</summary>
    public long ChunkBytes { get; }

    /// <summary>The largest value that can be stored under the key.</summary>
    public long MaxValueBytes { get; }

    /// <summary>The kind of the chunks of values that lie in entities of a kind.</summary>
    public static string ChunkKindOf(string kind) => kind + ChunkSuffix;

    public static ChunkLayout For(CacheKey key, string kind, string chunkKind, string namespaceId)
    {
        long oneEntity = EntitySize.MaxValueBytes(key, kind, namespaceId);
        long headerSize = EntitySize.OfHeader(key, kind, namespaceId);
        if (headerSize > EntitySize.MaxEntityBytes || Encoding.UTF8.GetByteCount(chunkKind) > MaxKindBytes)
        {
            return new ChunkLayout(oneEntity, header: 0, chunk: 0, oneEntity);
        }

        long chunkSize = EntitySize.OfChunk(key, chunkKind, namespaceId);
        long header = EntitySize.MaxEntityBytes - headerSize;
        long chunk = EntitySize.MaxEntityBytes - chunkSize;
        long max = oneEntity;
        for (int chunks = 1; chunks < MostEntities; chunks++)
        {
            long capacity = header + (chunks * chunk);
            long room = MaxCommitBytes - RequestBytes - (headerSize + MessageBytes) - (chunks * (chunkSize + MessageBytes));
            max = Math.Max(max, Math.Min(capacity, room));
        }

        return new ChunkLayout(oneEntity, header, chunk, max);
    }

    /// <summary>Whether a value of this size lies in more than one entity.</summary>
    public bool IsLarge(long valueBytes) => valueBytes > OneEntityBytes && MaxValueBytes > OneEntityBytes;

    /// <summary>In how many entities a value of this size lies.</summary>
    public int EntitiesFor(long valueBytes) =>
        IsLarge(valueBytes) ? 1 + (int)((valueBytes - HeaderBytes + ChunkBytes - 1) / ChunkBytes) : 1;
}
