using System.Buffers;
using System.Runtime.CompilerServices;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>When a slide that has become due is made.</summary>
internal enum SlideWhen
{
    /// <summary>After the caller has its value.</summary>
    InBackground,

    /// <summary>Before the caller goes on, who does not want the value: it is not decoded.</summary>
    Now,
}

/// <summary>
/// Reads memcache first and the durable tier when that cannot answer, repairs memcache after a durable read if it holds the right to, and slides what
/// is due. An unavailable durable tier is an exception, never a missing value.
/// </summary>
internal sealed class ReadFlow(
    FlowServices services,
    IVolatileTier volatileTier,
    IDurableTier durable,
    SlideFlow slides,
    Backlog backlog,
    BackgroundWork background)
{
    private readonly SharedReads _shared = new(durable, services.Counters);

    public ValueTask<FoundValue> GetAsync(CacheKey key, CallContext call)
    {
        ValueTask<IVolatileServer> found = volatileTier.FindServerAsync(key, call);
        return found.IsCompletedSuccessfully ? GetAsync(found.Result, key, SlideWhen.InBackground, call) : FindAndGetAsync(found, key, call);
    }

    /// <summary>As a read whose value nobody wants; flags decide without moving the value whether anything is due.</summary>
    public async ValueTask RefreshAsync(CacheKey key, CallContext call)
    {
        IVolatileServer server = await volatileTier.FindServerAsync(key, call).ConfigureAwait(false);
        // Flags say nothing of how old a copy is.
        bool canFlagsDecide = !backlog.Blocks(server) && backlog.BelievedFrom(server) == long.MinValue;
        if (canFlagsDecide && await IsNothingDueAsync(server, key, call).ConfigureAwait(false))
        {
            return;
        }

        (await GetAsync(server, key, SlideWhen.Now, call).ConfigureAwait(false)).Dispose();
    }

    private async ValueTask<FoundValue> FindAndGetAsync(ValueTask<IVolatileServer> found, CacheKey key, CallContext call) =>
        await GetAsync(await found.ConfigureAwait(false), key, SlideWhen.InBackground, call).ConfigureAwait(false);

    private async ValueTask<bool> IsNothingDueAsync(IVolatileServer server, CacheKey key, CallContext call)
    {
        using VolatileRead read = await server.ReadAsync(key, withValue: false, leaseSeconds: 0, call).ConfigureAwait(false);
        return read.Status == VolatileStatus.Hit && EntryFlags.KindOf(read.Flags) switch
        {
            EntryKind.Value => !EntryFlags.IsSlideDue(read.Flags, services.Now),
            EntryKind.Absent => true,
            _ => false,
        };
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FoundValue> GetAsync(IVolatileServer server, CacheKey key, SlideWhen when, CallContext call)
    {
        // Until the backlog is drained this server may hold what an acknowledged write of this process has replaced.
        if (backlog.Blocks(server))
        {
            services.Counters.Add(Counter.MemcacheUnavailable);
            return await FromDurableAsync(key, new DurableRequest(null, null, IsCutOff: true, when), call).ConfigureAwait(false);
        }

        VolatileRead read = await server.ReadAsync(key, withValue: true, FlowSettings.LeaseSeconds, call).ConfigureAwait(false);
        ReadOnlySequence<byte> value = default;
        IDisposable? decoded = null;
        bool handedOver = false;
        try
        {
            VolatileView view = VolatileView.Of(read, key, services.Now, backlog.BelievedFrom(server));
            if (when == SlideWhen.InBackground)
            {
                view = view.Decode(services.Codec, out value, out decoded);
            }

            Count(view.Meaning, server, read);
            switch (view.Meaning)
            {
                case VolatileMeaning.Value:
                    if (view.Entry.SlideDueAt <= services.Now)
                    {
                        await SlideAsync(server, key, view.Entry, read.Token, when, call).ConfigureAwait(false);
                    }

                    handedOver = true;
                    return FoundValue.Of(value, new CacheVersion(view.Entry.Version), TierNames.Memcache, decoded is null ? read.Loan : new Loan(decoded));
                case VolatileMeaning.Absent:
                    return FoundValue.None(TierNames.Memcache);
                default:
                    return await FromDurableAsync(key, RequestFor(server, read, view, when), call).ConfigureAwait(false);
            }
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

    private DurableRequest RequestFor(IVolatileServer server, in VolatileRead read, in VolatileView view, SlideWhen when)
    {
        // A copy that may no longer be believed is not believed in this either: an older one of the same version could be put back by somebody after it has expired.
        bool hasExpired = view.Meaning == VolatileMeaning.Outdated && view.Entry.Kind == EntryKind.Value && services.Now >= view.Entry.CopyExpiry && services.Now < view.Entry.FreshUntil;
        return new DurableRequest(
            view.MayFill && !services.MayHaveLostLocks(server) ? new FillTicket(server, read.Token) : null,
            hasExpired ? view.Entry.Version : null,
            IsCutOff: view.Meaning == VolatileMeaning.Unavailable,
            when);
    }

    private async ValueTask<FoundValue> FromDurableAsync(CacheKey key, DurableRequest request, CallContext call)
    {
        long asOf = services.Now;

        // Whoever may fill reads for itself: its read has to begin after its ticket was given.
        DurableRead read = request.Ticket is null
            ? await _shared.ReadAsync(key, call).ConfigureAwait(false)
            : await durable.ReadAsync(key, DurableCause.Get, call).ConfigureAwait(false);

        // memcache's copy knew of every access and has expired; if the durable copy is still the same, nobody has used the entry since.
        if (read.Value is not { } value || value.ExpiresAt <= services.Now || read.Version == request.ExpiredVersion)
        {
            services.Counters.Add(Counter.DatastoreMisses);
            await FillAsync(key, request, services.AbsentEntry(read.Version, asOf, StillStoredUntil(read)), call).ConfigureAwait(false);
            return FoundValue.None(TierNames.Datastore, read.IsStored ? CacheVersion.Expired(read.Version) : CacheVersion.Absent);
        }

        services.Counters.Add(Counter.DatastoreHits);
        Entry entry = services.EntryOf(value, read.Version, asOf);
        if (request.When == SlideWhen.Now)
        {
            entry = await slides.ExtendDurableAsync(key, entry, request.IsCutOff, call).ConfigureAwait(false);
            await FillAsync(key, request, entry, call).ConfigureAwait(false);
            return FoundValue.Of(default, new CacheVersion(entry.Version), TierNames.Datastore);
        }

        // Decoded before it is filled: memcache is not to hold what every reader rejects.
        FoundValue found = services.Found(value, read.Version);
        bool handedOver = false;
        try
        {
            await FillAsync(key, request, entry, call).ConfigureAwait(false);
            SlideInBackground(key, entry, request);
            handedOver = true;
            return found;
        }
        finally
        {
            if (!handedOver)
            {
                found.Dispose();
            }
        }
    }

    private async ValueTask FillAsync(CacheKey key, DurableRequest request, Entry entry, CallContext call)
    {
        if (request.Ticket is { } ticket)
        {
            await ticket.FillAsync(services, key, entry, call).ConfigureAwait(false);
        }
    }

    private long? StillStoredUntil(in DurableRead read) =>
        read.Value is { } expired && expired.ExpiresAt > services.Now ? expired.ExpiresAt : null;

    private async ValueTask SlideAsync(IVolatileServer server, CacheKey key, Entry entry, VolatileToken token, SlideWhen when, CallContext call)
    {
        if (when == SlideWhen.Now)
        {
            await slides.SlideAsync(server, key, entry, token, call).ConfigureAwait(false);
        }
        else
        {
            background.TryRun(key.Text, later => RefreshAsync(key, later));
        }
    }

    private void SlideInBackground(CacheKey key, Entry entry, DurableRequest request)
    {
        if (!slides.IsDurableDue(entry, request.IsCutOff))
        {
            return;
        }

        if (request.Ticket is null)
        {
            // The payload is not needed to move an expiry.
            background.TryRun(key.Text, async later => await slides.ExtendDurableAsync(key, entry, request.IsCutOff, later).ConfigureAwait(false));
        }
        else
        {
            background.TryRun(key.Text, later => RefreshAsync(key, later));
        }
    }

    private void Count(VolatileMeaning meaning, IVolatileServer server, in VolatileRead read)
    {
        if (meaning == VolatileMeaning.Rejected)
        {
            services.CountRejected(server, read.Size);
        }

        services.Counters.Add(meaning switch
        {
            VolatileMeaning.Value => Counter.MemcacheHits,
            VolatileMeaning.Absent => Counter.MemcacheAbsentHits,
            VolatileMeaning.Unavailable => Counter.MemcacheUnavailable,
            VolatileMeaning.Locked => Counter.MemcacheLocked,
            _ => Counter.MemcacheMisses,
        });
    }

    /// <param name="Ticket">The right to fill memcache with the answer, if the reader has it.</param>
    /// <param name="ExpiredVersion">The version of memcache's copy, if that one has expired.</param>
    /// <param name="IsCutOff">Whether memcache cannot be reached, so that this access is recorded nowhere but in the durable tier.</param>
    /// <param name="When">When to slide.</param>
    private readonly record struct DurableRequest(FillTicket? Ticket, long? ExpiredVersion, bool IsCutOff, SlideWhen When);
}
