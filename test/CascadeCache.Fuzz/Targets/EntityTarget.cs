using System.Buffers;
using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Primitives;
using CascadeCache.Tiers;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace CascadeCache.Fuzz.Targets;

/// <summary>
/// The input is what Datastore answers: byte 0 says to what, the rest is the message, an entity by itself, or the details of a failed call. The tier returns or throws one of
/// the cache's own exceptions; what it returns is about the key that was asked for.
/// </summary>
/// <param name="decode">How an entity is decoded by itself; null: as the tier does. For decoders that are broken on purpose.</param>
internal sealed class EntityTarget(Func<Entity, CacheKey, DurableValue?>? decode = null) : IFuzzTarget, IDisposable
{
    public const byte EntityAlone = 0;
    public const byte Lookup = 1;
    public const byte HashedLookup = 2;
    public const byte Upsert = 3;
    public const byte Extend = 4;
    public const byte Delete = 5;
    public const byte FailedLookup = 6;
    public const byte FailedUpsert = 7;

    public static readonly CacheKey Plain = new("session.fuzz");
    public static readonly CacheKey Hashed = new("session.\uD800");

    private static readonly EntityCodec Codec = new("Session", "");
    private static readonly DurableValue Value = new(new ReadOnlySequence<byte>([1, 2, 3]), new EntryLifetime(EntryLifetime.Never, 60_000), 1_900_000_000_000);

    private readonly Func<Entity, CacheKey, DurableValue?> _decode = decode ?? Codec.Decode;
    private readonly CannedDatastore _server = new();
    private DatastoreTier? _tier;

    public string Name => "entity";

    public bool IsText => false;

    public IReadOnlyList<byte[]> Tokens { get; } =
    [
        Codec.KeyOf(Plain).ToByteArray(), Codec.KeyOf(Hashed).ToByteArray(), "Value"u8.ToArray(), "ExpiresAt"u8.ToArray(), "AbsoluteAt"u8.ToArray(), "Window"u8.ToArray(), "FullKey"u8.ToArray(), "Encoding"u8.ToArray(),
        [0x0A], [0x12], [0x1A], [0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x28, 0x01], [0x92, 0x01, 0x00], [0x52, 0x00], [0x0B], [0x0C],
    ];

    // The calls run on other threads too, and the library keeps buffers: this catches only what is far out of proportion.
    public long MaxAllocatedBytes(int inputLength) => (16 * 1024 * 1024) + (500L * inputLength);

    public string Run(ReadOnlyMemory<byte> input)
    {
        if (input.IsEmpty)
        {
            return "";
        }

        int operation = input.Span[0] & 7;
        if (operation == EntityAlone)
        {
            return RunDecode(input[1..]);
        }

        _tier ??= NewTier();
        _server.Answer(input[1..], isFailure: operation >= FailedLookup);
        CacheKey key = operation == HashedLookup ? Hashed : Plain;
        try
        {
            return operation is Lookup or HashedLookup or FailedLookup ? RunLookup(key, input[1..]) : RunWrite(operation);
        }
        catch (CascadeCacheException e)
        {
            PropertyException.Require(!(operation is Lookup or HashedLookup or FailedLookup) || e is not CascadeOutcomeUnknownException, "the outcome of a read is unknown");
            var transcript = new Transcript();
            transcript.Add(e);
            return transcript.Kind;
        }
    }

    public void Dispose()
    {
        _tier?.Dispose();
        _server.Dispose();
    }

    private string RunDecode(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            Entity entity = Datastore.Protocol.Entity.Parser.ParseFrom(bytes.Span);
            if (_decode(entity, Plain) is not { } value)
            {
                return "another key";
            }

            CheckValue(value);
            return $"decoded {value.Lifetime.IsSliding} {value.Lifetime.AbsoluteAt == EntryLifetime.Never} {value.ExpiresAt == EntryLifetime.Never} {value.ExpiresAt < 0}";
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or CascadeRejectedException)
        {
            var transcript = new Transcript();
            transcript.Add(e);
            return transcript.Kind;
        }
    }

    private static void CheckValue(in DurableValue value)
    {
        PropertyException.Require(value.Lifetime.Window >= 0, "a negative window was believed");
        bool isTime = value.ExpiresAt == EntryLifetime.Never || value.ExpiresAt is >= -62_135_596_800_000 and <= 253_402_300_800_000;
        PropertyException.Require(isTime, $"an expiry at {value.ExpiresAt} was believed");
        if (value.Lifetime.AbsoluteAt < 0)
        {
            return; // of another program, and expired before 1970: never written by this cache
        }

        DurableValue again = Codec.Decode(Codec.Encode(Plain, value), Plain)!.Value;
        bool isSame = again.Payload.FirstSpan.SequenceEqual(value.Payload.FirstSpan) && again.Lifetime == value.Lifetime && again.Encoding == value.Encoding
            && (again.ExpiresAt == value.ExpiresAt || EntryLifetime.ToDate(value.ExpiresAt) is null);
        PropertyException.Require(isSame, "what was decoded does not encode to an entity that means the same");
    }

    private string RunLookup(CacheKey key, ReadOnlyMemory<byte> message)
    {
        DurableRead read = _tier!.ReadAsync(key, DurableCause.Get, CallContext.Async(CancellationToken.None)).AsTask().GetAwaiter().GetResult();
        LookupResponse response = LookupResponse.Parser.ParseFrom(message.Span);
        EntityResult only = response.Found.Concat(response.Missing).Single();
        PropertyException.Require(only.Entity.Key.Path.Single().Name == key.DurableName, "another key's answer was accepted");
        PropertyException.Require(read.Version == only.Version && (read.Value is null || response.Found.Count == 1), "an absence has become a value");
        return $"read {read.Value is null} {response.Found.Count}";
    }

    private string RunWrite(int operation)
    {
        CallContext call = CallContext.Async(CancellationToken.None);
        ValueTask<DurableWrite> write = operation switch
        {
            Extend => _tier!.ExtendAsync(Plain, 1_900_000_000_000, 5, valueBytes: 3, DurableCause.Slide, call),
            Delete => _tier!.DeleteAsync(Plain, null, DurableCause.Remove, call),
            _ => _tier!.WriteAsync(Plain, Value, WriteCondition.Always, DurableCause.Set, call),
        };
        DurableWrite result = write.AsTask().GetAwaiter().GetResult();
        PropertyException.Require(operation == Extend || result.Status == DurableWriteStatus.Applied, $"an unconditional write came to {result.Status}");
        return $"written {result.Status}";
    }

    private DatastoreTier NewTier()
    {
        var options = new CascadeCacheOptions();
        options.Datastore.ProjectId = "fuzz";
        options.Datastore.EmulatorHost = "127.0.0.1:1";
        options.Resilience.Datastore.MaxRetryAttempts = 0;
        options.Resilience.Datastore.BreakerMinimumThroughput = int.MaxValue;
        return new DatastoreTier(options, TimeProvider.System, static () => 0, new CacheCounters(), NullLogger.Instance, static _ => null, Guid.NewGuid, _server);
    }
}
