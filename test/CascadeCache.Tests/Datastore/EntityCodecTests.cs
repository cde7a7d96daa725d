using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Entries;
using CascadeCache.Tiers;
using CascadeCache.Values;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Xunit;
using Value = CascadeCache.Datastore.Protocol.Value;

namespace CascadeCache.Tests.Datastore;

public sealed class EntityCodecTests
{
    private const long Now = 1_700_000_000_123;

    private static readonly CacheKey Plain = new("session.k");
    private static readonly CacheKey Hashed = new("session." + new string('x', 2000));

    [Theory]
    [InlineData(false, EntryLifetime.Never, 60_000, Now)]
    [InlineData(true, Now, 0, Now)]
    [InlineData(true, Now + 5, 1, Now)]
    [InlineData(false, EntryLifetime.Never, 0, EntryLifetime.Never)]
    public void What_was_encoded_is_decoded(bool isHashed, long absoluteAt, long window, long expiresAt)
    {
        CacheKey key = isHashed ? Hashed : Plain;
        var value = new DurableValue(new byte[] { 0, 1, 255 }.ToSequence(), new EntryLifetime(absoluteAt, window), expiresAt);

        Entity entity = Entity.Parser.ParseFrom(TierRig.Codec("ns").Encode(key, value).ToByteArray());
        DurableValue read = TierRig.Codec("ns").Decode(entity, key)!.Value;

        Assert.Equal(value.Payload.ToArray(), read.Payload.ToArray());
        Assert.Equal(value.Lifetime, read.Lifetime);
        Assert.Equal(value.ExpiresAt, read.ExpiresAt);
        Assert.Equal(expiresAt != EntryLifetime.Never, entity.Properties.ContainsKey("ExpiresAt"));
        Assert.Equal("ns", entity.Key.PartitionId.NamespaceId);
        Assert.Equal(isHashed, entity.Properties.ContainsKey("FullKey"));
    }

    [Fact]
    public void The_entity_does_not_share_the_callers_memory()
    {
        byte[] bytes = [1, 2, 3];
        Entity entity = TierRig.Codec().Encode(Plain, TierRig.Value(bytes));
        bytes[0] = 99;
        Assert.Equal([1, 2, 3], entity.Properties["Value"].BlobValue.ToByteArray());
    }

    [Fact]
    public void Another_keys_entity_under_the_same_hash_is_none()
    {
        Entity entity = TierRig.Codec().Encode(Hashed, TierRig.Value(1));
        entity.Properties["FullKey"].BlobValue = ByteString.CopyFrom(Plain.TextBytes);
        Assert.Null(TierRig.Codec().Decode(entity, Hashed));
        entity.Properties.Remove("FullKey");
        Assert.Null(TierRig.Codec().Decode(entity, Hashed));
    }

    [Fact]
    public void A_value_with_an_expiry_alone_expires_absolutely_and_never_early()
    {
        var time = new Timestamp { Seconds = 1_700_000_000, Nanos = 123_456_000 };
        Entity entity = Foreign(("Value", new Value { BlobValue = ByteString.CopyFrom(7) }), ("ExpiresAt", new Value { TimestampValue = time }));

        DurableValue read = TierRig.Codec().Decode(entity, Plain)!.Value;

        Assert.Equal(1_700_000_000_124, read.ExpiresAt);
        Assert.Equal(new EntryLifetime(1_700_000_000_124, 0), read.Lifetime);
    }

    [Fact]
    public void A_value_alone_never_expires()
    {
        Entity entity = Foreign(("Value", new Value { BlobValue = ByteString.CopyFrom(7) }), ("ExpiresAt", new Value { NullValue = NullValue.NullValue }));
        Assert.Equal(EntryLifetime.Never, TierRig.Codec().Decode(entity, Plain)!.Value.ExpiresAt);
    }

    public static TheoryData<string, string> Odd => new()
    {
        { "Value", "a string" },
        { "Value", "missing" },
        { "Value", "null" },
        { "ExpiresAt", "an integer" },
        { "ExpiresAt", "a string" },
        { "Window", "a string" },
        { "AbsoluteAt", "a timestamp" },
        { "AbsoluteAt", "a floating-point number" },
        { "Window", "a boolean" },
        { "Encoding", "a string" },
    };

    [Theory]
    [MemberData(nameof(Odd))]
    public void What_another_program_wrote_is_refused_by_kind_and_type_but_not_by_content(string property, string type)
    {
        Entity entity = TierRig.Codec().Encode(Plain, TierRig.Value(1));
        entity.Properties.Remove(property);
        Value? odd = type switch
        {
            "a string" => new Value { StringValue = "secret" },
            "null" => new Value { NullValue = NullValue.NullValue },
            "an integer" => new Value { IntegerValue = 4711 },
            "a timestamp" => new Value { TimestampValue = new Timestamp { Seconds = 1 } },
            "a floating-point number" => new Value { DoubleValue = 0.5 },
            "a boolean" => new Value { BooleanValue = true },
            _ => null,
        };
        if (odd is not null)
        {
            entity.Properties.Add(property, odd);
        }

        var error = Assert.Throws<CascadeRejectedException>(() => TierRig.Codec().Decode(entity, Plain));

        Assert.Contains($"kind Session", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{property} is {type}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_encoding_is_a_property_of_its_own_and_left_out_when_there_is_none()
    {
        Entity plain = TierRig.Codec().Encode(Plain, TierRig.Value(1));
        Entity compressed = Entity.Parser.ParseFrom(TierRig.Codec().Encode(Plain, TierRig.Value(1) with { Encoding = ValueEncoding.Brotli }).ToByteArray());

        Assert.False(plain.Properties.ContainsKey("Encoding"));
        Assert.Equal((1, true), (compressed.Properties["Encoding"].IntegerValue, compressed.Properties["Encoding"].ExcludeFromIndexes));
        Assert.Equal(ValueEncoding.None, TierRig.Codec().Decode(plain, Plain)!.Value.Encoding);
        Assert.Equal(ValueEncoding.Brotli, TierRig.Codec().Decode(compressed, Plain)!.Value.Encoding);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(256)] // whose lowest byte is that of none
    [InlineData(257)]
    [InlineData(long.MaxValue)]
    public void An_encoding_that_is_not_known_is_refused_and_says_what_to_do(long encoding)
    {
        Entity entity = TierRig.Codec().Encode(Plain, TierRig.Value(1));
        entity.Properties.Add("Encoding", new Value { IntegerValue = encoding });

        var error = Assert.Throws<CascadeRejectedException>(() => TierRig.Codec().Decode(entity, Plain));

        Assert.Contains($"encoding ({encoding})", error.Message, StringComparison.Ordinal);
        Assert.Contains("Bring this server to the version", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("session.k", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_largest_value_makes_an_entity_of_exactly_the_limit()
    {
        // By hand: 32 for the entity; key 16, "ns" 3, "Session" 8, "session.k" 10; "Value" 6; "ExpiresAt" 10, "AbsoluteAt" 11, "Window" 7, "Encoding" 9 and 8 each.
        const long Overhead = 32 + 16 + 3 + 8 + 10 + 6 + 10 + 11 + 7 + 9 + (4 * 8);
        Assert.Equal(1_048_572 - Overhead, EntitySize.MaxValueBytes(Plain, "Session", "ns"));
        Assert.Equal(1_048_572 - Overhead + 3, EntitySize.MaxValueBytes(Plain, "Session", ""));
        Assert.Equal(EntitySize.MaxEntityBytes, EntitySize.Of(Plain, "Session", "ns", 1_048_572 - Overhead));
    }

    [Fact]
    public void The_limit_agrees_with_the_entity_that_is_sent()
    {
        foreach (CacheKey key in (CacheKey[])[Plain, Hashed, new CacheKey("session.\u00e9\u20ac\ud83d\ude00")])
        {
            // With every property that an entity can have: the limit does not depend on how a value expires.
            DurableValue value = TierRig.Value(new byte[1000]) with { Lifetime = new EntryLifetime(2_000_000_000_000, 60_000), Encoding = ValueEncoding.Brotli };
            Entity entity = TierRig.Codec("ns").Encode(key, value);
            Assert.Equal(SizeOf(entity), EntitySize.Of(key, "Session", "ns", 1000));
        }
    }

    [Fact]
    public void A_single_property_never_reaches_its_own_limit_first()
    {
        Assert.InRange(EntitySize.MaxValueBytes(new CacheKey("k"), "K", ""), 1_048_000, 1_048_487);
        Assert.Equal(-1, EntitySize.MaxValueBytes(new CacheKey(new string('x', 1_000_000)), "K", ""));
    }

    private static Entity Foreign(params (string Name, Value Value)[] properties)
    {
        var entity = new Entity { Key = TierRig.Codec().KeyOf(Plain) };
        foreach ((string name, Value value) in properties)
        {
            entity.Properties.Add(name, value);
        }

        return entity;
    }

    private static long SizeOf(Entity entity)
    {
        long size = 32 + 16 + Text(entity.Key.PartitionId.NamespaceId);
        size += entity.Key.Path.Sum(e => Text(e.Kind) + Text(e.Name));
        return size + entity.Properties.Sum(p => Text(p.Key) + (p.Value.HasBlobValue ? p.Value.BlobValue.Length : 8));
    }

    private static long Text(string text) => System.Text.Encoding.UTF8.GetByteCount(text) + 1;
}
