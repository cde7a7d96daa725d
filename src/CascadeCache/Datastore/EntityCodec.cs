using System.Buffers;
using System.Globalization;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Entries;
using CascadeCache.Values;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Value = CascadeCache.Datastore.Protocol.Value;

namespace CascadeCache.Datastore;

/// <summary>Turns values into entities and back. Stateless but for the names; any thread.</summary>
internal sealed class EntityCodec(string kind, string namespaceId)
{
    private const long NanosPerMillisecond = 1_000_000;
    private const int NanosPerSecond = 1_000_000_000;

    // The years 1 to 9999: what a timestamp can be.
    private static readonly long EarliestSecond = DateTimeOffset.MinValue.ToUnixTimeSeconds();
    private static readonly long LatestSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    public Key KeyOf(CacheKey key)
    {
        // The service takes project and database from the request; a key needs them only when it is part of a value.
        var result = new Key { Path = { new Key.Types.PathElement { Kind = kind, Name = key.DurableName } } };
        if (namespaceId.Length > 0)
        {
            result.PartitionId = new PartitionId { NamespaceId = namespaceId };
        }

        return result;
    }

    /// <summary>Whether a key that came back is the one that was asked for. The service fills in project and database, so only the rest counts.</summary>
    public bool IsKeyOf(Key? found, CacheKey key) =>
        found is { Path: [{ } last] }
        && last.Kind == kind
        && last.Name == key.DurableName
        && (found.PartitionId?.NamespaceId ?? "") == namespaceId;

    /// <summary>The entity that holds the value. It has a copy of the bytes: a call that was given up may still be reading them.</summary>
    public Entity Encode(CacheKey key, in DurableValue value)
    {
        Entity entity = EncodeExpiry(key, value.ExpiresAt);
        entity.Properties.Add(EntityProperties.Value, Blob(Copy(value.Payload)));
        if (value.Lifetime.AbsoluteAt != EntryLifetime.Never)
        {
            // Left out rather than the largest integer, on which clients in JavaScript fail: it is beyond what a double holds exactly.
            entity.Properties.Add(EntityProperties.AbsoluteAt, Integer(value.Lifetime.AbsoluteAt));
        }

        entity.Properties.Add(EntityProperties.Window, Integer(value.Lifetime.Window));
        if (value.Encoding != ValueEncoding.None)
        {
            entity.Properties.Add(EntityProperties.Encoding, Integer((long)value.Encoding));
        }

        if (key.IsDurableNameHashed)
        {
            entity.Properties.Add(EntityProperties.FullKey, Blob(ByteString.CopyFrom(key.TextBytes)));
        }

        return entity;
    }

    /// <summary>The entity with its expiry alone, for an update under a property mask: never is the absence of the property.</summary>
    public Entity EncodeExpiry(CacheKey key, long expiresAt)
    {
        var entity = new Entity { Key = KeyOf(key) };
        AddExpiry(entity, expiresAt);
        return entity;
    }

    /// <summary>Never is the absence of the property.</summary>
    public static void AddExpiry(Entity entity, long expiresAt)
    {
        if (EntryLifetime.ToDate(expiresAt) is { } date)
        {
            entity.Properties.Add(EntityProperties.ExpiresAt, new Value { TimestampValue = Timestamp.FromDateTimeOffset(date), ExcludeFromIndexes = true });
        }
    }

    /// <summary>The value in an entity, or null if the entity is another key's whose name has the same hash.</summary>
    /// <remarks>
    /// An entity of another program with only a value and an expiry, as the Go package writes them, expires absolutely. One that says anything else than we would
    /// is refused and left alone, for to take it for missing would be to overwrite it.
    /// </remarks>
    /// <exception cref="CascadeRejectedException">The entity was not written by this cache, or by a version that knows an encoding more.</exception>
    public DurableValue? Decode(Entity entity, CacheKey key)
    {
        if (key.IsDurableNameHashed
            && !(Find(entity, EntityProperties.FullKey) is { ValueTypeCase: Value.ValueTypeOneofCase.BlobValue } fullKey
                && fullKey.BlobValue.Span.SequenceEqual(key.TextBytes)))
        {
            return null;
        }

        if (Find(entity, EntityProperties.Value) is not { ValueTypeCase: Value.ValueTypeOneofCase.BlobValue } value)
        {
            throw Foreign(entity, EntityProperties.Value, "a blob");
        }

        long expiresAt = ReadTime(entity);
        long? absoluteAt = ReadInteger(entity, EntityProperties.AbsoluteAt);
        long? window = ReadInteger(entity, EntityProperties.Window);
        EntryLifetime lifetime = absoluteAt is null && window is null
            ? new EntryLifetime(expiresAt, 0)
            : new EntryLifetime(absoluteAt ?? EntryLifetime.Never, window ?? 0);
        return new DurableValue(new ReadOnlySequence<byte>(value.BlobValue.Memory), lifetime, expiresAt, ReadEncoding(entity));
    }

    private long ReadTime(Entity entity) => Find(entity, EntityProperties.ExpiresAt) switch
    {
        null or { ValueTypeCase: Value.ValueTypeOneofCase.NullValue } => EntryLifetime.Never,
        { ValueTypeCase: Value.ValueTypeOneofCase.TimestampValue } value => IsTime(value.TimestampValue)
            ? ToMilliseconds(value.TimestampValue)
            : throw Foreign(entity, EntityProperties.ExpiresAt, "one of the years 1 to 9999"),
        _ => throw Foreign(entity, EntityProperties.ExpiresAt, "a timestamp"),
    };

    private long? ReadInteger(Entity entity, string name) => Find(entity, name) switch
    {
        null or { ValueTypeCase: Value.ValueTypeOneofCase.NullValue } => null,
        { ValueTypeCase: Value.ValueTypeOneofCase.IntegerValue, IntegerValue: >= 0 } value => value.IntegerValue,
        _ => throw Foreign(entity, name, "an integer that is not negative"),
    };

    private ValueEncoding ReadEncoding(Entity entity)
    {
        long encoding = ReadInteger(entity, EntityProperties.Encoding) ?? (long)ValueEncoding.None;
        return ValueCodec.Knows(encoding)
            ? (ValueEncoding)encoding
            : throw new CascadeRejectedException(
                string.Create(CultureInfo.InvariantCulture, $"An entity of kind {kind} has a value whose encoding ({encoding}) this version of the cache does not know. It was left as it is. Bring this server to the version that wrote it."));
    }

    private static bool IsTime(Timestamp time) =>
        time.Seconds >= EarliestSecond && time.Seconds <= LatestSecond && time.Nanos is >= 0 and < NanosPerSecond;

    // Datastore keeps microseconds. Ours are whole milliseconds; another program's are rounded up, so that nothing expires early.
    private static long ToMilliseconds(Timestamp time) =>
        (time.Seconds * 1000) + ((time.Nanos + NanosPerMillisecond - 1) / NanosPerMillisecond);

    /// <summary>What is thrown about an entity with a property that this cache does not write so.</summary>
    public CascadeRejectedException Foreign(Entity entity, string property, string expected) => new(
        $"An entity of kind {kind} was not written by this cache: its property {property} is {TypeOf(Find(entity, property))}, not {expected}. It was left as it is. Remove it, or give the cache a kind, a namespace or a key prefix of its own.");

    private static string TypeOf(Value? value) => value?.ValueTypeCase switch
    {
        null => "missing",
        Value.ValueTypeOneofCase.NullValue => "null",
        Value.ValueTypeOneofCase.BooleanValue => "a boolean",
        Value.ValueTypeOneofCase.IntegerValue => "an integer",
        Value.ValueTypeOneofCase.DoubleValue => "a floating-point number",
        Value.ValueTypeOneofCase.TimestampValue => "a timestamp",
        Value.ValueTypeOneofCase.StringValue => "a string",
        Value.ValueTypeOneofCase.BlobValue => "a blob",
        _ => "of another type",
    };

    public static Value? Find(Entity entity, string name) => entity.Properties.TryGetValue(name, out Value? value) ? value : null;

    // The only copy of a value on its way into a message, from however many pieces: nobody else has the array.
    public static ByteString Copy(in ReadOnlySequence<byte> bytes) => UnsafeByteOperations.UnsafeWrap(bytes.ToArray());

    public static Value Blob(ByteString bytes) => new() { BlobValue = bytes, ExcludeFromIndexes = true };

    public static Value Integer(long number) => new() { IntegerValue = number, ExcludeFromIndexes = true };
}
