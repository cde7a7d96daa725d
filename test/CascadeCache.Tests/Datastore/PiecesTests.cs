using System.Buffers;
using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.TestKit.Values;
using CascadeCache.Tiers;
using Google.Protobuf;
using Xunit;

namespace CascadeCache.Tests.Datastore;

/// <summary>Values in pieces: stored as if they were in one, read without being joined, and done with before the first wait.</summary>
public sealed class PiecesTests : IDisposable
{
    private static readonly int Header = (int)ChunkRig.Layout.HeaderBytes;
    private static readonly int Chunk = (int)ChunkRig.Layout.ChunkBytes;

    private readonly ScriptedDatastore _script = new();
    private readonly DatastoreCalls _calls;
    private readonly DatastoreClient _client;

    public PiecesTests()
    {
        var options = new DatastoreOptions { EmulatorHost = TierRig.Host, ProjectId = "proj" };
        DatastoreEndpoint endpoint = DatastoreEndpoint.Resolve(options, static _ => null);
        var access = new DatastoreAccess(options, endpoint, new ProjectIdResolver(options, static _ => null, static _ => Task.FromResult<string?>(null)), TimeProvider.System);
        _calls = new DatastoreCalls(DatastoreChannel.Create(endpoint, options.OperationTimeout, _script), access, "");
        _client = new DatastoreClient(
            DatastoreChannel.Create(endpoint, options.OperationTimeout, _script), access, TierRig.Codec(), ChunkRig.Codec, options, TimeProvider.System, static () => new Guid(1, 0, 0, new byte[8]));
    }

    public void Dispose()
    {
        _client.Dispose();
        _calls.Dispose();
        _script.Dispose();
    }

    public static TheoryData<int> Lengths => new() { 0, 1, 58, 5000, ChunkRig.OneEntity, ChunkRig.OneEntity + 1, Header + Chunk, Header + Chunk + 1, Header + (2 * Chunk) + 7 };

    [Theory, MemberData(nameof(Lengths))]
    public void Every_form_of_a_value_makes_the_entities_of_its_array(int length)
    {
        DurableValue whole = TierRig.Value(ChunkRig.Bytes(length, 1));
        IReadOnlyList<Entity> expected = Encode(whole);
        foreach ((string form, ReadOnlySequence<byte> bytes) in Pieces.FormsOf(ChunkRig.Bytes(length, 1), 1, Header, ChunkRig.OneEntity, Header + Chunk, Header + (2 * Chunk)))
        {
            Assert.True(expected.SequenceEqual(Encode(whole with { Payload = bytes })), form);
        }
    }

    [Fact]
    public void A_value_of_several_entities_is_read_from_where_they_lie()
    {
        List<Entity> entities = ChunkRig.Entities(ChunkRig.Value(4));
        ReadOnlyMemory<byte> inline = entities[0].Properties["Value"].BlobValue.Memory;

        ReadOnlySequence<byte> whole = ChunkCodec.Assemble(ChunkRig.Codec.DecodeHeader(entities[0], inline.Length), inline, entities[1..])!.Value;

        Assert.Equal(ChunkRig.Value(4).Payload.ToArray(), whole.ToArray());
        int index = 0;
        foreach (ReadOnlyMemory<byte> piece in whole)
        {
            Assert.True(piece.Equals(entities[index++].Properties["Value"].BlobValue.Memory), "a copy was made");
        }

        Assert.Equal(4, index);
    }

    // The look at what is replaced takes its time; the caller has given up, and its memory is its own again.
    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 3)]
    [InlineData(2, 0)]
    [InlineData(1, 0)]
    public async Task A_writes_bytes_are_copied_before_its_first_wait(int entities, int replaced)
    {
        Assert.Equal((0, true), await StoreAsync(entities, replaced, (key, value, bytes, attempt) => _client.StoreAsync(key, value, WriteCondition.Always, bytes, attempt)));

        // The broken twin: it looks first.
        (int lateUses, bool isWhole) = await StoreAsync(entities, Math.Max(replaced, 2), async (key, value, bytes, attempt) =>
        {
            StoredHeader stored = await new ChunkWriter(_calls, TierRig.Codec(), ChunkRig.Codec, Guid.NewGuid).FindAsync(key, attempt);
            return await new ChunkWriter(_calls, TierRig.Codec(), ChunkRig.Codec, static () => new Guid(1, 0, 0, new byte[8]))
                .StoreAsync(key, Encode(value), WriteCondition.IfVersion(stored.Version), stored.Entities, attempt);
        });
        Assert.True(lateUses > 0 || !isWhole, "a late use was not noticed");
    }

    private static IReadOnlyList<Entity> Encode(DurableValue value) =>
        ChunkRig.Layout.IsLarge(value.Payload.Length) ? ChunkRig.Codec.Encode(TierRig.Key, value, new Guid(1, 0, 0, new byte[8])) : [TierRig.Codec().Encode(TierRig.Key, value)];

    private async Task<(int LateUses, bool IsWhole)> StoreAsync(
        int entities, int replaced, Func<CacheKey, DurableValue, long, DatastoreAttempt, Task<DurableWrite>> store)
    {
        _script.Requests.Clear();
        DurableValue value = ChunkRig.Value(entities);
        var lent = new LentSequence(value.Payload.ToArray());
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _script.Otherwise = async (request, _) =>
        {
            await gate.Task;
            return ScriptedDatastore.Ok(request.Method.EndsWith("Lookup", StringComparison.Ordinal) ? ChunkRig.Masked(replaced) : ChunkRig.Committed(request.Commit.Mutations.Count));
        };
        var attempt = new DatastoreAttempt(TimeSpan.FromSeconds(60), new CacheCounters(), BilledTo.For(DurableCause.Set), TestContext.Current.CancellationToken);

        Task<DurableWrite> write = store(TierRig.Key, value with { Payload = lent.Bytes }, replaced > 1 ? ChunkRig.Value(replaced).Payload.Length : 0, attempt);
        Assert.False(write.IsCompleted);
        lent.TakeBack();
        gate.SetResult();
        Exception? error = await Record.ExceptionAsync(() => write);

        Entity[] stored = [.. _script.Requests.Where(static r => r.Method.EndsWith("Commit", StringComparison.Ordinal)).SelectMany(static r => r.Commit.Mutations)
            .Select(static m => m.Upsert ?? m.Update).Where(static entity => entity is not null)];
        return (lent.LateUses, error is null && stored.SequenceEqual(Encode(value)));
    }
}
