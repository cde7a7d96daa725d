using System.Buffers;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;
using CascadeCache.Values;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Flow;

/// <summary>What every step of the flow needs beside the tiers themselves. One per cache.</summary>
internal sealed class FlowServices(
    FlowSettings settings,
    TimeProvider timeProvider,
    Func<Guid> newWriterId,
    CacheCounters counters,
    ILogger logger)
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly LogThrottle _rejected = new(timeProvider, LogInterval);

    public FlowSettings Settings { get; } = settings;

    public TimeProvider Time { get; } = timeProvider;

    public CacheCounters Counters { get; } = counters;

    public ILogger Logger { get; } = logger;

    public VolatileItems Items { get; } = new(settings, timeProvider, counters, logger);

    /// <summary>What is stored of values; a test gives one with memory that it watches.</summary>
    public ValueCodec Codec { get; init; } = new(settings.CompressionThresholdBytes);

    /// <summary>Milliseconds since 1970.</summary>
    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();

    public Guid NewWriterId() => newWriterId();

    /// <summary>
    /// Whether the server may have lost locks of writes that are still under way: it restarted less than a lock's time ago. Until then nobody
    /// fills it, and writers behave as if they were not alone.
    /// </summary>
    public bool MayHaveLostLocks(IVolatileServer server) => server.MinimumAge is not { } age || age < Settings.LockTime;

    public void CountRejected(IVolatileServer server, int size)
    {
        Counters.Add(Counter.RejectedPayloads);
        if (_rejected.ShouldLog())
        {
            CascadeLog.RejectedPayload(Logger, size, server.Name);
        }
    }

    /// <summary>The durable form of a value that is stored now.</summary>
    /// <exception cref="CascadeValueTooLargeException">It is larger than the options allow or the durable tier can hold under the key.</exception>
    public DurableValue NewValue(IDurableTier durable, CacheKey key, in EncodedValue value, EntryLifetime lifetime)
    {
        long limit = Math.Min(Settings.MaxValueBytes, durable.MaxValueBytes(key));
        return value.Bytes.Length <= limit
            ? new DurableValue(value.Bytes, lifetime, lifetime.CopyExpiry(Now, Settings.DatastoreSlack), value.Encoding)
            : throw new CascadeValueTooLargeException(value.Bytes.Length, limit);
    }

    /// <summary>What a reader finds in the durable tier.</summary>
    /// <exception cref="CascadeRejectedException">The value cannot be decoded. It is not missing: to take it for that would be to overwrite it.</exception>
    public FoundValue Found(in DurableValue value, long version) =>
        Codec.TryDecode(value.Payload, value.Encoding, out ReadOnlySequence<byte> payload, out IDisposable? owner)
            ? FoundValue.Of(payload, new CacheVersion(version), TierNames.Datastore, new Loan(owner))
            : throw new CascadeRejectedException(
                $"A value in Datastore is stored as {value.Encoding} and cannot be decoded: it is damaged, or was not written by this cache. It was left as it is. Write or remove its key.");

    /// <summary>The entry that a copy of <paramref name="value"/>, made now, would be.</summary>
    /// <param name="value">The durable value.</param>
    /// <param name="version">Its version.</param>
    /// <param name="asOf">When it was certainly current: before the step that told so began. From then on counts how long the copy may be believed.</param>
    public Entry EntryOf(in DurableValue value, long version, long asOf)
    {
        long now = Now;
        return new Entry
        {
            Kind = EntryKind.Value,
            Version = version,
            Lifetime = value.Lifetime,
            CopyExpiry = Math.Min(value.Lifetime.CopyExpiry(now, Settings.MemcacheSlack), Math.Max(value.ExpiresAt, now)),
            DurableExpiry = value.ExpiresAt,
            FreshUntil = FreshUntil(asOf),
            Payload = value.Payload,
            Encoding = value.Encoding,
        };
    }

    /// <summary>The marker that says that there is no such key as of <paramref name="version"/>.</summary>
    /// <param name="version">The version of the absence.</param>
    /// <param name="asOf">When it was certainly current.</param>
    /// <param name="until">When it has to end at the latest; for a value that has expired here but is still held by the durable tier, when that one has expired too.</param>
    public Entry AbsentEntry(long version, long asOf, long? until = null)
    {
        long now = Now;
        long end = until ?? now + (long)FlowSettings.AbsentLifetime.TotalMilliseconds;
        return new Entry
        {
            Kind = EntryKind.Absent,
            Version = version,
            Lifetime = new EntryLifetime(end, 0),
            CopyExpiry = end,
            DurableExpiry = end,
            FreshUntil = FreshUntil(asOf),
        };
    }

    private long FreshUntil(long now) => now + (long)Settings.MaxStaleness.TotalMilliseconds;
}
