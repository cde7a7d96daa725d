using System.Buffers;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Tiers;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Flow;

/// <summary>Makes the items that go to the volatile tier, to be disposed by whoever asked for them: header, flags, time to live, and the size rule that turns a value into a bypass marker.</summary>
internal sealed class VolatileItems(FlowSettings settings, TimeProvider timeProvider, CacheCounters counters, ILogger logger)
{
    // Longer than any item stays in a cache's memory; the entry's own expiry is exact however long it is.
    private const int MaxSeconds = 5 * 365 * 24 * 60 * 60;

    private readonly LogThrottle _overLimit = new(timeProvider, TimeSpan.FromMinutes(1));
    private readonly LogThrottle _overServerLimit = new(timeProvider, TimeSpan.FromMinutes(1));

    /// <summary>The item for an entry; a value that is too large for memcached becomes a bypass marker, so that no older, smaller copy stays readable.</summary>
    public VolatileItem ForEntry(IVolatileServer server, CacheKey key, in Entry entry)
    {
        Entry stored = entry.Kind == EntryKind.Value && !Fits(server, key, entry.Payload.Length) ? AsBypass(entry) : entry;
        byte[] memory = ArrayPool<byte>.Shared.Rent(EntryFormat.HeaderSize);
        Memory<byte> header = memory.AsMemory(0, EntryFormat.HeaderSize);
        EntryFormat.WriteHeader(header.Span, stored, key.Fingerprint);
        return new VolatileItem(header, stored.Payload, EntryFlags.For(stored), SecondsFor(stored)) { Rented = memory };
    }

    public static VolatileItem ForLock(LockRecord record)
    {
        byte[] bytes = new byte[record.Size];
        record.Write(bytes);
        return new VolatileItem(bytes, ReadOnlySequence<byte>.Empty, EntryFlags.ForLock, record.SecondsLeft + 1);
    }

    private static Entry AsBypass(in Entry entry) => new()
    {
        Kind = EntryKind.Bypass,
        Version = entry.Version,
        Lifetime = entry.Lifetime,
        CopyExpiry = entry.CopyExpiry,
        DurableExpiry = entry.DurableExpiry,
        FreshUntil = entry.FreshUntil,
        Payload = EntryFormat.BypassPayload(entry.Payload.Length),
    };

    private bool Fits(IVolatileServer server, CacheKey key, long payloadLength)
    {
        if (payloadLength > settings.MaxMemcacheBytes)
        {
            counters.Add(Counter.BypassesOverLimit);
            if (_overLimit.ShouldLog())
            {
                CascadeLog.BypassOverLimit(logger, payloadLength, settings.MaxMemcacheBytes);
            }

            return false;
        }

        long serverLimit = server.MaxItemBytes(key) - EntryFormat.HeaderSize;
        if (payloadLength > serverLimit)
        {
            counters.Add(Counter.BypassesOverServerLimit);
            if (_overServerLimit.ShouldLog())
            {
                CascadeLog.BypassOverServerLimit(logger, payloadLength, serverLimit, server.Name);
            }

            return false;
        }

        return true;
    }

    // An item outlives the copy's own expiry, up to that of the durable copy: as long as it is there it says that the entry has expired, which
    // the durable copy, with its larger slack, does not know yet. It never outlives the time for which it may be believed.
    private int SecondsFor(in Entry entry)
    {
        long now = timeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        long expiry = Math.Max(entry.CopyExpiry, entry.DurableExpiry);
        long untilExpiry = expiry == EntryLifetime.Never ? MaxSeconds : ((expiry - now + 999) / 1000) + 1;
        long whileFresh = (entry.FreshUntil - now) / 1000;
        return (int)Math.Clamp(Math.Min(untilExpiry, whileFresh), 1, MaxSeconds);
    }
}
