using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Entries;
using Google.Protobuf;
using Xunit;

namespace CascadeCache.Tests.Datastore;

/// <summary>Where a value is cut, and that no commit of any key is ever larger than the service takes.</summary>
public sealed class ChunkLayoutTests
{
    private static readonly CacheKey Plain = new("session.k");

    public static TheoryData<string, string, string> Keys => new()
    {
        { "session.k", "Session", "" },
        { "k", "K", "" },
        { "session." + new string('x', 1480), "Session", "ns" },
        { "session." + new string('x', 2000), new string('K', 1495), new string('n', 100) },
        { "session." + new string('\u20ac', 490), "S\u00e9ssion", "ns" },
        { "session." + new string('x', 300_000), "Session", "ns" },
    };

    [Theory, MemberData(nameof(Keys))]
    public void The_largest_value_fills_a_commit_and_no_entity_is_too_large(string text, string kind, string namespaceId)
    {
        var key = new CacheKey(text);
        ChunkLayout layout = ChunkLayout.For(key, kind, ChunkLayout.ChunkKindOf(kind), namespaceId);

        // With the longest project and database, and every number as long as numbers get.
        CommitRequest request = Request(key, kind, namespaceId, (int)layout.MaxValueBytes);

        Assert.InRange(request.CalculateSize(), ChunkLayout.MaxCommitBytes - 8192, ChunkLayout.MaxCommitBytes);
        long stored = request.Mutations.Sum(mutation => SizeOf(mutation.Upsert ?? mutation.Update));
        Assert.True(stored <= ChunkLayout.MaxCommitBytes, $"{stored}");
        Assert.All(request.Mutations, static mutation =>
        {
            Entity entity = mutation.Upsert ?? mutation.Update;
            Assert.InRange(SizeOf(entity), 0, EntitySize.MaxEntityBytes);
            Assert.InRange(mutation.CalculateSize() - SizeOf(entity), long.MinValue, ChunkLayout.MessageBytes - 5);
            Assert.All(entity.Properties, static property => Assert.InRange(property.Value.BlobValue?.Length ?? 0, 0, 1_048_487));
        });
    }

    [Fact]
    public void A_value_is_cut_only_when_it_does_not_fit_into_one_entity()
    {
        ChunkLayout layout = Layout(Plain);
        int one = (int)EntitySize.MaxValueBytes(Plain, "Session", "");

        Assert.Equal(one, layout.OneEntityBytes);
        Assert.Equal([1, 1, 2, 2, 3], new[] { 0, one, one + 1, layout.HeaderBytes + layout.ChunkBytes, layout.HeaderBytes + layout.ChunkBytes + 1 }.Select(layout.EntitiesFor));
        Assert.False(layout.IsLarge(one));
        Assert.True(layout.IsLarge(one + 1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000_000)]
    [InlineData(5_000_000)]
    public void What_was_cut_comes_back(int beyond)
    {
        var chunks = new ChunkCodec(TierRig.Codec(), "Session", "");
        DurableValue value = TierRig.Value(ChunkRig.Bytes((int)Layout(Plain).OneEntityBytes + 1 + beyond, 3));

        List<Entity> entities = [.. chunks.Encode(Plain, value, Guid.NewGuid()).Select(static entity => Entity.Parser.ParseFrom(entity.ToByteArray()))];
        DurableValue inline = TierRig.Codec().Decode(entities[0], Plain)!.Value;
        byte[]? whole = ChunkCodec.Assemble(chunks.DecodeHeader(entities[0], inline.Payload.Length), inline.Payload.First, entities[1..])?.ToArray();

        Assert.Equal(value.Payload.ToArray(), whole);
        Assert.Equal((value.Lifetime, value.ExpiresAt), (inline.Lifetime, inline.ExpiresAt));
        Assert.All(entities, static entity => Assert.All(entity.Properties.Values, static property => Assert.True(property.ExcludeFromIndexes)));
        Assert.All(entities, static entity => Assert.Equal(TierRig.Value().ExpiresAt / 1000, entity.Properties["ExpiresAt"].TimestampValue.Seconds));
    }

    [Fact]
    public void A_kind_or_a_key_that_leaves_no_room_for_chunks_leaves_one_entity()
    {
        string kind = new('K', 1496);
        ChunkLayout tooLong = ChunkLayout.For(Plain, kind, ChunkLayout.ChunkKindOf(kind), "");
        Assert.Equal(tooLong.OneEntityBytes, tooLong.MaxValueBytes);
        Assert.False(tooLong.IsLarge(long.MaxValue));

        var hugeKey = new CacheKey(new string('x', 524_180)); // its text is the entity but for less than what a header needs
        ChunkLayout full = Layout(hugeKey);
        Assert.InRange(full.OneEntityBytes, 0, 100);
        Assert.Equal(full.OneEntityBytes, full.MaxValueBytes);
        Assert.Equal(-1, Layout(new CacheKey(new string('x', 1_000_000))).MaxValueBytes);
    }

    [Fact]
    public void No_two_keys_have_a_chunk_in_common()
    {
        string longest = new('x', 1500);
        CacheKey[] keys = [new("a"), new("a#1"), new("a#1#1"), new(longest), new(longest[..1497]), new(longest[..1498]), new("#sha256:x"), new(new string('x', 2000))];
        string[] names = [.. keys.SelectMany(static key => Enumerable.Range(1, ChunkLayout.MostEntities - 1).Select(key.DurablePartName))];

        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.All(names, static name => Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(name), 1, CacheKey.MaxDurableNameBytes));
    }

    private static ChunkLayout Layout(CacheKey key) => ChunkLayout.For(key, "Session", "SessionChunk", "");

    private static CommitRequest Request(CacheKey key, string kind, string namespaceId, int bytes)
    {
        var chunks = new ChunkCodec(new EntityCodec(kind, namespaceId), kind, namespaceId);
        var value = new DurableValue(new byte[bytes].ToSequence(), new EntryLifetime(253_000_000_000_000, long.MaxValue), 252_999_999_999_999);
        IReadOnlyList<Entity> entities = chunks.Encode(key, value, Guid.NewGuid());
        var header = new Mutation { Update = entities[0], BaseVersion = long.MaxValue, ConflictResolutionStrategy = Mutation.Types.ConflictResolutionStrategy.Fail };
        return new CommitRequest
        {
            ProjectId = new string('p', 284),
            DatabaseId = new string('d', 63),
            Mode = CommitRequest.Types.Mode.Transactional,
            SingleUseTransaction = new TransactionOptions { ReadWrite = new TransactionOptions.Types.ReadWrite() },
            Mutations = { header, entities.Skip(1).Select(static chunk => new Mutation { Upsert = chunk }) },
        };
    }

    private static long SizeOf(Entity entity)
    {
        long size = 32 + 16 + (entity.Key.PartitionId is { NamespaceId: { Length: > 0 } ns } ? Text(ns) : 0);
        size += entity.Key.Path.Sum(e => Text(e.Kind) + Text(e.Name));
        return size + entity.Properties.Sum(p => Text(p.Key) + (p.Value.HasBlobValue ? p.Value.BlobValue.Length : 8));
    }

    private static long Text(string text) => System.Text.Encoding.UTF8.GetByteCount(text) + 1;
}
