using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>
/// A reader's right to fill a key: the token of what it saw in memcache before it began to read the durable tier. Any write that starts
/// in between changes the item, and with it the token, so that what was read before the write can never be stored after it.
/// </summary>
internal readonly record struct FillTicket(IVolatileServer Server, VolatileToken Token)
{
    /// <summary>Stores what the durable tier said. Whatever comes of it, the reader's own answer stands.</summary>
    public async ValueTask FillAsync(FlowServices services, CacheKey key, Entry entry, CallContext call)
    {
        using VolatileItem item = services.Items.ForEntry(Server, key, entry);
        VolatileWrite write = await Server.CompareAndSetAsync(key, Token, item, call).ConfigureAwait(false);
        if (write.IsDone)
        {
            services.Counters.Add(Counter.MemcacheFills);
        }
    }
}
