using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using Google.Protobuf;
using Xunit;

namespace CascadeCache.Tests.Datastore;

/// <summary>A value that lies in several entities is read whole, as of one instant, or not at all.</summary>
public sealed class ChunkReadTests
{
    [Theory, InlineData(false), InlineData(true)]
    public async Task All_chunks_are_read_as_of_the_instant_of_the_header_whatever_is_deferred(bool blocking)
    {
        using var rig = new TierRig();
        DurableValue value = ChunkRig.Value(4);
        List<Entity> entities = ChunkRig.Entities(value);
        rig.Script
            .Then(ChunkRig.Header(entities[0], version: 9))
            .Then(ChunkRig.Chunks([entities[2]], deferred: [3, 1]))
            .Then(ChunkRig.Chunks([], deferred: [1, 3]))
            .Then(ChunkRig.Chunks([entities[3], entities[1]]));

        DurableRead read = await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call(blocking));

        Assert.Equal(value.Payload.ToArray(), read.Value!.Value.Payload.ToArray());
        Assert.Equal((9, true, value.Lifetime, value.ExpiresAt), (read.Version, read.IsStored, read.Value.Value.Lifetime, read.Value.Value.ExpiresAt));
        SentRequest[] sent = [.. rig.Script.Requests];
        Assert.Null(sent[0].Lookup.ReadOptions);
        Assert.All(sent[1..], static request => Assert.Equal(ChunkRig.ReadTime, request.Lookup.ReadOptions.ReadTime));
        Assert.Equal(["SessionChunk/session.k1#1", "SessionChunk/session.k1#2", "SessionChunk/session.k1#3"], ChunkRig.Names(sent[1].Lookup.Keys));
        Assert.Equal(["SessionChunk/session.k1#1", "SessionChunk/session.k1#3"], ChunkRig.Names(sent[2].Lookup.Keys));
        Assert.Equal(4, rig.Counters.Get(Counter.DatastoreReadsForGet));
        Assert.DoesNotContain(rig.Script.Requests, static request => request.Lookup.PropertyMask is not null);
    }

    [Fact]
    public async Task A_value_in_one_entity_costs_one_lookup_of_the_old_form()
    {
        using var rig = new TierRig();
        rig.Script.Then(ChunkRig.Header(TierRig.Codec().Encode(TierRig.Key, TierRig.Value(1))));

        await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call());

        LookupRequest lookup = Assert.Single(rig.Script.Requests).Lookup;
        Assert.Equal(new LookupRequest { ProjectId = "proj", Keys = { TierRig.Codec().KeyOf(TierRig.Key) } }, lookup);
    }

    public static TheoryData<string> Breaks => new() { "missing", "generation", "index", "value", "short", "swapped", "byte" };

    [Theory, MemberData(nameof(Breaks))]
    public async Task What_is_not_whole_is_read_once_more_and_then_refused_and_never_returned(string fault)
    {
        using var rig = new TierRig();
        DurableValue value = ChunkRig.Value(3);
        List<Entity> entities = ChunkRig.Entities(value);
        List<Entity> broken = [.. entities.Skip(1).Select(static entity => entity.Clone())];
        LookupResponse answer = Broken(broken, fault);
        rig.Script.Then(ChunkRig.Header(entities[0])).Then(answer).Then(ChunkRig.Header(entities[0], version: 6)).Then(ChunkRig.Chunks(entities[1..]));
        rig.Script.Then(ChunkRig.Header(entities[0])).Then(answer).Then(ChunkRig.Header(entities[0])).Then(answer);

        DurableRead second = await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call());
        var error = await Assert.ThrowsAsync<CascadeRejectedException>(async () => await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()));

        Assert.Equal((6, true), (second.Version, second.Value!.Value.Payload.Span.SequenceEqual(value.Payload.Span)));
        Assert.Contains("SessionChunk", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("k1", error.Message, StringComparison.Ordinal);
        Assert.Equal(8, rig.Script.Requests.Count);
        Assert.Equal(12, rig.Counters.Get(Counter.DatastoreReadsForGet));
    }

    [Fact]
    public async Task A_value_that_has_become_small_or_gone_on_the_second_look_is_what_is_returned()
    {
        using var rig = new TierRig();
        List<Entity> entities = ChunkRig.Entities(ChunkRig.Value(2));
        LookupResponse none = Missing(1);
        rig.Script.Then(ChunkRig.Header(entities[0])).Then(none).Then(ChunkRig.Header(TierRig.Codec().Encode(TierRig.Key, TierRig.Value(8)), version: 6));
        rig.Script.Then(ChunkRig.Header(entities[0])).Then(none).Then(TierRig.Missing(TierRig.Key, version: 7));

        DurableRead small = await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call());
        DurableRead gone = await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call());

        Assert.Equal([8], small.Value!.Value.Payload.ToArray());
        Assert.Equal(new DurableRead(null, 7, IsStored: false), gone);
    }

    [Fact]
    public async Task What_has_expired_is_stored_but_has_no_value_and_its_chunks_are_not_asked_for()
    {
        using var rig = new TierRig();
        DurableValue value = ChunkRig.Value(3) with { ExpiresAt = rig.Time.GetUtcNow().ToUnixTimeMilliseconds() };
        rig.Script.Then(ChunkRig.Header(ChunkRig.Entities(value)[0], version: 8));

        Assert.Equal(new DurableRead(null, 8, IsStored: true), await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()));
        Assert.Single(rig.Script.Requests);
    }

    [Theory]
    [InlineData("Chunks", 17)]
    [InlineData("Chunks", 1)]
    [InlineData("Chunks", -1)]
    [InlineData("Length", 5)]
    [InlineData("Length", int.MaxValue)]
    [InlineData("Generation", 1)]
    [InlineData("Checksum", 1)]
    public async Task A_header_of_another_form_is_refused_before_anything_is_asked_for_or_allocated(string property, int number)
    {
        using var rig = new TierRig();
        Entity header = ChunkRig.Entities(ChunkRig.Value(2))[0];
        header.Properties[property] = EntityCodec.Integer(number);
        rig.Script.Then(ChunkRig.Header(header));

        var error = await Assert.ThrowsAsync<CascadeRejectedException>(async () => await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()));

        Assert.Contains($"its property {property} is an integer", error.Message, StringComparison.Ordinal);
        Assert.Single(rig.Script.Requests);
    }

    public static TheoryData<string> Lies => new() { "nothing", "another", "twice", "found and deferred", "header", "never ending", "without a time" };

    [Theory, MemberData(nameof(Lies))]
    public async Task An_answer_that_is_not_about_the_chunks_that_were_asked_for_is_refused(string lie)
    {
        using var rig = new TierRig(o => o.Resilience.Datastore.MaxRetryAttempts = 0);
        List<Entity> entities = ChunkRig.Entities(ChunkRig.Value(3));
        Entity other = entities[1].Clone();
        other.Key.Path[0].Name = "session.k2#1";
        LookupResponse answer = lie switch
        {
            "another" => ChunkRig.Chunks([other, entities[2]]),
            "twice" => ChunkRig.Chunks([entities[1], entities[1], entities[2]]),
            "found and deferred" => ChunkRig.Chunks(entities[1..], deferred: [2]),
            "header" => ChunkRig.Chunks([entities[0], entities[1], entities[2]]),
            "never ending" => ChunkRig.Chunks([], deferred: [1, 2]),
            _ => new LookupResponse(),
        };
        LookupResponse header = ChunkRig.Header(entities[0]);
        header.ReadTime = lie == "without a time" ? null : header.ReadTime;
        rig.Script.Then(header);
        rig.Script.Otherwise = (_, _) => Task.FromResult(ScriptedDatastore.Ok(answer));

        await Assert.ThrowsAsync<CascadeUnavailableException>(async () => await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()));
        Assert.Equal(lie switch { "never ending" => 1 + DatastoreClient.MaxLookups, "without a time" => 1, _ => 2 }, rig.Script.Requests.Count);
    }

    // Two writes whose parts have the same sizes and, for once, the checksum of the mixture: nothing but the generation tells them apart.
    [Fact]
    public void A_mixture_of_two_writes_is_found_by_the_generation_and_by_nothing_else()
    {
        List<Entity> first = ChunkRig.Entities(ChunkRig.Value(2, seed: 1), generation: 1);
        List<Entity> second = ChunkRig.Entities(ChunkRig.Value(2, seed: 2), generation: 2);
        ReadOnlyMemory<byte> inline = first[0].Properties["Value"].BlobValue.Memory;
        byte[] mixture = [.. inline.Span, .. second[1].Properties["Value"].BlobValue.Span];
        ChunkHeader honest = ChunkRig.Codec.DecodeHeader(first[0], inline.Length);
        ChunkHeader header = honest with { Checksum = ByteString.CopyFrom(System.IO.Hashing.XxHash128.Hash(mixture)) };

        Assert.Null(ChunkCodec.Assemble(header, inline, [second[1]]));

        // The broken twin: the same without that check.
        Assert.Equal(mixture, ChunkCodec.Assemble(header, inline, [InGeneration(second[1], header.Generation)])?.ToArray());
        Assert.Null(ChunkCodec.Assemble(honest, inline, [InGeneration(second[1], header.Generation)]));
    }

    private static Entity InGeneration(Entity chunk, ByteString generation)
    {
        Entity result = chunk.Clone();
        result.Properties["Generation"] = EntityCodec.Blob(generation);
        return result;
    }

    private static LookupResponse Broken(List<Entity> chunks, string fault)
    {
        switch (fault)
        {
            case "missing":
                LookupResponse answer = ChunkRig.Chunks(chunks[..1]);
                answer.MergeFrom(Missing(2));
                return answer;
            case "generation":
                chunks[1].Properties["Generation"] = EntityCodec.Blob(ByteString.CopyFrom(new byte[16]));
                break;
            case "index":
                chunks[1].Properties["Index"] = EntityCodec.Integer(1);
                break;
            case "value":
                chunks[1].Properties["Value"] = EntityCodec.Integer(1);
                break;
            case "short":
                chunks[1].Properties["Value"] = EntityCodec.Blob(ByteString.CopyFrom(1));
                break;
            case "swapped":
                (chunks[0].Key, chunks[1].Key) = (chunks[1].Key, chunks[0].Key);
                break;
            case "byte":
                byte[] bytes = chunks[1].Properties["Value"].BlobValue.ToByteArray();
                bytes[7] ^= 1;
                chunks[1].Properties["Value"] = EntityCodec.Blob(ByteString.CopyFrom(bytes));
                break;
        }

        return ChunkRig.Chunks(chunks);
    }

    private static LookupResponse Missing(int index) =>
        new() { Missing = { new EntityResult { Entity = new Entity { Key = ChunkRig.Codec.KeyOf(TierRig.Key, index) }, Version = 5 } } };
}
