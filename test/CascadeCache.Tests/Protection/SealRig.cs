using System.Buffers;
using System.Security.Cryptography;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.Protection;

/// <summary>A ring with one process's seal on it; others can be made on the same ring or clock.</summary>
internal sealed class SealRig
{
    public static readonly CacheKey Key = new("session.abc");

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public FakeRing Ring { get; } = new();

    public WatchedPool Pool { get; } = new();

    public LogIds Log { get; } = new();

    public DataKeys NewKeys(FakeRing? ring = null, long maxItems = 1L << 30) =>
        new(ItemSeal.ProtectorOf(ring ?? Ring), RandomNumberGenerator.Fill, Time, Log) { MaxItems = maxItems };

    public ItemSeal NewSeal(FakeRing? ring = null) => NewSeal(NewKeys(ring));

    public ItemSeal NewSeal(DataKeys keys) => new(keys, RandomNumberGenerator.Fill, Pool);

    /// <summary>A seal without anything that a test watches.</summary>
    public static ItemSeal SealOn(FakeRing ring, TimeProvider time) =>
        new(new DataKeys(ItemSeal.ProtectorOf(ring), RandomNumberGenerator.Fill, time, NullLogger.Instance), RandomNumberGenerator.Fill);

    /// <summary>An entry as the flow makes it.</summary>
    public static VolatileItem Item(CacheKey key, ReadOnlyMemory<byte> payload, EntryKind kind = EntryKind.Value)
    {
        var entry = new Entry
        {
            Kind = kind,
            Version = 7,
            Lifetime = new EntryLifetime(EntryLifetime.Never, 60_000),
            CopyExpiry = EntryLifetime.Never - 1,
            DurableExpiry = EntryLifetime.Never - 1,
            FreshUntil = EntryLifetime.Never,
            Payload = new(payload.ToArray()),
        };
        byte[] header = new byte[EntryFormat.HeaderSize];
        EntryFormat.WriteHeader(header, entry, key.Fingerprint);
        return new VolatileItem(header, new ReadOnlySequence<byte>(payload), EntryFlags.For(entry), 60);
    }

    /// <summary>The plain item in one piece.</summary>
    public static byte[] Plain(in VolatileItem item) => [.. item.Header.Span, .. item.Payload.ToArray()];

    /// <summary>What a seal makes of a small value under a key.</summary>
    public static byte[] Sealed(IItemSeal seal, CacheKey key, params byte[] payload)
    {
        using PooledBytes bytes = seal.TrySeal(key, Item(key, payload), out _) ?? throw new InvalidOperationException("It was not sealed.");
        return bytes.Memory.ToArray();
    }

    /// <summary>What opening gives; null: it was refused.</summary>
    public static byte[]? Open(IItemSeal seal, CacheKey key, byte[] item)
    {
        using PooledBytes? bytes = seal.TryOpen(key, item);
        return bytes?.Memory.ToArray();
    }
}
