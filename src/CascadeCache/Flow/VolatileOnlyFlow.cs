using System.Buffers;
using System.Runtime.CompilerServices;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;
using CascadeCache.Values;

namespace CascadeCache.Flow;

/// <summary>
/// Memcache alone: no locks, because nothing else can be read. What a server forgets is gone; a server that does not answer is an
/// exception, never a missing value.
/// </summary>
internal sealed class VolatileOnlyFlow(FlowServices services, IVolatileTier tier, BackgroundWork background) : ICacheFlow, IAsyncDisposable
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<FoundValue> GetAsync(CacheKey key, CallContext call)
    {
        IVolatileServer server = await tier.FindServerAsync(key, call).ConfigureAwait(false);
        VolatileRead read = await server.ReadAsync(key, withValue: true, leaseSeconds: 0, call).ConfigureAwait(false);
        ReadOnlySequence<byte> value = default;
        IDisposable? decoded = null;
        bool handedOver = false;
        try
        {
            VolatileView view = VolatileView.Of(read, key, services.Now).Decode(services.Codec, out value, out decoded);
            if (Current(server, read, view) is not { } entry)
            {
                return FoundValue.None(TierNames.Memcache);
            }

            if (entry.SlideDueAt <= services.Now)
            {
                RefreshLater(key);
            }

            handedOver = true;
            return FoundValue.Of(value, VersionOf(read.Token), TierNames.Memcache, decoded is null ? read.Loan : new Loan(decoded));
        }
        finally
        {
            // A decoded value has left the answer's memory.
            if (!handedOver || decoded is not null)
            {
                read.Dispose();
            }

            if (!handedOver)
            {
                decoded?.Dispose();
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SetAsync(CacheKey key, ReadOnlySequence<byte> payload, EntryLifetime lifetime, CallContext call)
    {
        IVolatileServer server = await tier.FindServerAsync(key, call).ConfigureAwait(false);
        using EncodedValue value = services.Codec.Encode(payload);
        using VolatileItem item = NewItem(server, key, value, lifetime);
        ThrowIfNotDone(server, await server.SetAsync(key, item, call).ConfigureAwait(false));
        services.Counters.Add(Counter.MemcachePublishes);
    }

    /// <summary>The server's own compare-and-set. Its numbers die with the connection that told them: then the version no longer stands.</summary>
    public async ValueTask<CacheVersion?> TrySetAsync(CacheKey key, ReadOnlySequence<byte> payload, EntryLifetime lifetime, CacheVersion expected, CallContext call)
    {
        IVolatileServer server = await tier.FindServerAsync(key, call).ConfigureAwait(false);
        using EncodedValue value = services.Codec.Encode(payload);
        using VolatileItem item = NewItem(server, key, value, lifetime);
        VolatileToken? token = expected.Exists ? TokenOf(expected) : await PlaceTokenAsync(server, key, call).ConfigureAwait(false);
        if (token is not { } free)
        {
            return null;
        }

        VolatileWrite write = await server.CompareAndSetAsync(key, free, item, call).ConfigureAwait(false);
        if (IsMade(server, write))
        {
            services.Counters.Add(Counter.MemcachePublishes);
            return VersionOf(write.Token);
        }

        return null;
    }

    public async ValueTask<bool> TryRemoveAsync(CacheKey key, CacheVersion expected, CallContext call)
    {
        IVolatileServer server = await tier.FindServerAsync(key, call).ConfigureAwait(false);
        return IsMade(server, await server.DeleteAsync(key, TokenOf(expected), call).ConfigureAwait(false));
    }

    public async ValueTask RefreshAsync(CacheKey key, CallContext call)
    {
        IVolatileServer server = await tier.FindServerAsync(key, call).ConfigureAwait(false);
        using (VolatileRead flags = await server.ReadAsync(key, withValue: false, leaseSeconds: 0, call).ConfigureAwait(false))
        {
            ThrowIfUnavailable(server, flags);
            if (flags.Status != VolatileStatus.Hit || !EntryFlags.IsSlideDue(flags.Flags, services.Now))
            {
                return;
            }
        }

        using VolatileRead read = await server.ReadAsync(key, withValue: true, leaseSeconds: 0, call).ConfigureAwait(false);
        if (Current(server, read, VolatileView.Of(read, key, services.Now)) is not { } entry || entry.SlideDueAt > services.Now)
        {
            return;
        }

        long expiry = entry.Lifetime.CopyExpiry(services.Now, services.Settings.MemcacheSlack);
        Entry slid = entry with { CopyExpiry = expiry, DurableExpiry = expiry };
        using VolatileItem item = services.Items.ForEntry(server, key, slid);
        VolatileWrite write = await server.CompareAndSetAsync(key, read.Token, item, call).ConfigureAwait(false);
        if (write.IsDone)
        {
            services.Counters.Add(Counter.MemcacheSlides);
        }
    }

    public async ValueTask RemoveAsync(CacheKey key, CallContext call)
    {
        IVolatileServer server = await tier.FindServerAsync(key, call).ConfigureAwait(false);
        ThrowIfNotDone(server, await server.DeleteAsync(key, token: null, call).ConfigureAwait(false));
    }

    public ValueTask DisposeAsync() => background.DisposeAsync();

    // A method of its own: what it captures would otherwise be allocated at every read.
    private void RefreshLater(CacheKey key) => background.TryRun(key.Text, later => RefreshAsync(key, later));

    private static CacheVersion VersionOf(VolatileToken token) => new(unchecked((long)token.Cas), token.Epoch);

    private static VolatileToken TokenOf(CacheVersion version) => new(unchecked((ulong)version.Number), version.Epoch);

    /// <summary>The token of what stands where there is no entry: a placeholder, which of several creators one replaces, or an item that has expired. Null: there is an entry.</summary>
    private async ValueTask<VolatileToken?> PlaceTokenAsync(IVolatileServer server, CacheKey key, CallContext call)
    {
        using VolatileRead read = await server.ReadAsync(key, withValue: true, FlowSettings.LeaseSeconds, call).ConfigureAwait(false);
        if (read.Status == VolatileStatus.Miss)
        {
            throw Unavailable(server, read.Error); // no memory even for a placeholder
        }

        // What no reader can decode is no entry.
        VolatileView view = VolatileView.Of(read, key, services.Now).Decode(services.Codec, out _, out IDisposable? decoded);
        using (decoded)
        {
            return Current(server, read, view) is null ? read.Token : null;
        }
    }

    private VolatileItem NewItem(IVolatileServer server, CacheKey key, in EncodedValue value, EntryLifetime lifetime)
    {
        long limit = Math.Min(services.Settings.MaxValueBytes, Math.Min(services.Settings.MaxMemcacheBytes, server.MaxItemBytes(key) - EntryFormat.HeaderSize));
        if (value.Bytes.Length > limit)
        {
            throw new CascadeValueTooLargeException(value.Bytes.Length, limit);
        }

        long expiry = lifetime.CopyExpiry(services.Now, services.Settings.MemcacheSlack);
        return services.Items.ForEntry(server, key, new Entry
        {
            Kind = EntryKind.Value,
            Version = 0,
            Lifetime = lifetime,
            CopyExpiry = expiry,
            DurableExpiry = expiry,
            FreshUntil = EntryLifetime.Never,
            Payload = value.Bytes,
            Encoding = value.Encoding,
        });
    }

    private Entry? Current(IVolatileServer server, in VolatileRead read, in VolatileView view)
    {
        ThrowIfUnavailable(server, read);
        if (view.Meaning == VolatileMeaning.Rejected)
        {
            services.CountRejected(server, read.Size);
        }

        services.Counters.Add(view.Meaning == VolatileMeaning.Value ? Counter.MemcacheHits : Counter.MemcacheMisses);
        return view.Meaning == VolatileMeaning.Value ? view.Entry : null;
    }

    private void ThrowIfUnavailable(IVolatileServer server, in VolatileRead read)
    {
        if (read.Status == VolatileStatus.Unavailable)
        {
            services.Counters.Add(Counter.MemcacheUnavailable);
            throw Unavailable(server, read.Error);
        }
    }

    private static void ThrowIfNotDone(IVolatileServer server, VolatileWrite write)
    {
        if (!write.IsGone)
        {
            throw Unavailable(server, write.Error);
        }
    }

    /// <summary>Whether a conditional write was made; false: its condition did not hold.</summary>
    private static bool IsMade(IVolatileServer server, VolatileWrite write) => write.Status switch
    {
        VolatileWriteStatus.Done => true,
        VolatileWriteStatus.Conflict or VolatileWriteStatus.NotFound => false,
        VolatileWriteStatus.Refused => throw Unavailable(server, write.Error),
        _ => throw new CascadeOutcomeUnknownException($"memcached server {server.Name} did not answer a conditional write, which may have been made. Read the key again.", write.Error),
    };

    private static CascadeUnavailableException Unavailable(IVolatileServer server, Exception? error) =>
        new($"memcached server {server.Name} did not answer or refused, and there is no other tier (CascadeBackends.Memcache). Check that it can be reached and has memory.", error);
}
