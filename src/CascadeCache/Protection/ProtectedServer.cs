using System.Buffers;
using System.Runtime.CompilerServices;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Protection;

/// <summary>
/// One server that anybody may write to, as the flow sees it: entries are sealed on their way there and opened on their way back. What was not sealed for its key comes back as an item that
/// nobody understands, which the flow counts, treats as missing and replaces. It knows no server of its own kind: tokens, leases and failures are those of the server below.
/// </summary>
/// <remarks>
/// Flags are not sealed, so they are not believed: what this tells instead is made from the opened entry. Locks and placeholders stay as they are. Whoever forges or removes them
/// sends readers to the durable tier, or makes a writer publish what it has just committed; every copy that can be read is sealed by somebody who had it from the durable
/// tier, and says itself until when it may be believed.
/// </remarks>
internal sealed class ProtectedServer(IVolatileServer server, IItemSeal seal) : IVolatileServer
{
    public string Name => server.Name;

    public bool IsStandIn => server.IsStandIn;

    public TimeSpan? MinimumAge => server.MinimumAge;

    public long MaxItemBytes(CacheKey key) => Math.Max(0, server.MaxItemBytes(key) - seal.Overhead);

    /// <remarks>Also without a value the value is read: only the whole item can be proved.</remarks>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call) =>
        Opened(key, await server.ReadAsync(key, withValue: true, leaseSeconds, call).ConfigureAwait(false), withValue);

    public async ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call)
    {
        if (IsLock(item))
        {
            return await server.CompareAndSetAsync(key, token, item, call).ConfigureAwait(false);
        }

        using PooledBytes? bytes = TrySeal(key, item, out VolatileWrite refused);
        return bytes is null ? refused : await server.CompareAndSetAsync(key, token, Sealed(bytes, item), call).ConfigureAwait(false);
    }

    public async ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call)
    {
        using PooledBytes? bytes = TrySeal(key, item, out VolatileWrite refused);
        return bytes is null ? refused : await server.SetAsync(key, Sealed(bytes, item), call).ConfigureAwait(false);
    }

    public ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call) => server.DeleteAsync(key, token, call);

    private static bool IsLock(in VolatileItem item) => EntryFlags.KindOf(item.Flags) == EntryKind.Lock;

    private static VolatileItem Sealed(PooledBytes bytes, in VolatileItem item) => new(bytes.Memory, ReadOnlySequence<byte>.Empty, item.Flags, item.Seconds);

    /// <param name="key">The key.</param>
    /// <param name="item">The entry's item.</param>
    /// <param name="refused">What to answer if this is null: nothing was sent.</param>
    private PooledBytes? TrySeal(CacheKey key, in VolatileItem item, out VolatileWrite refused)
    {
        PooledBytes? bytes = seal.TrySeal(key, item, out Exception? error);

        // Another key than the one that the size was reckoned with may be longer, and a server drops what stands there when it is sent something too large.
        if (bytes is not null && bytes.Memory.Length > server.MaxItemBytes(key))
        {
            bytes.Dispose();
            bytes = null;
        }

        refused = bytes is null ? new VolatileWrite(VolatileWriteStatus.Refused, default, error) : default;
        return bytes;
    }

    private VolatileRead Opened(CacheKey key, in VolatileRead read, bool withValue)
    {
        if (read.Status != VolatileStatus.Hit)
        {
            return read;
        }

        ReadOnlySpan<byte> item = read.Item.Span;

        // Either sign of a lock counts: to take one for damage would be to let a reader fill while a write is under way.
        if (!SealedFormat.IsSealed(item) && (LockRecord.IsLock(item) || EntryFlags.KindOf(read.Flags) == EntryKind.Lock))
        {
            return new VolatileRead(read.Status, read.Token, EntryFlags.ForLock, read.SecondsToLive, read.Item, read.Loan, null);
        }

        using (read)
        {
            PooledBytes? opened = seal.TryOpen(key, item);
            if (opened is not null && EntryFormat.TryRead(opened.Memory, key.Fingerprint, out Entry entry))
            {
                uint flags = EntryFlags.For(entry);
                if (withValue)
                {
                    return new VolatileRead(read.Status, read.Token, flags, read.SecondsToLive, opened.Memory, new Loan(opened), null) { Size = item.Length };
                }

                opened.Dispose();
                return new VolatileRead(read.Status, read.Token, flags, read.SecondsToLive, default, default, null) { Size = item.Length };
            }

            opened?.Dispose();
            return new VolatileRead(read.Status, read.Token, flags: 0, read.SecondsToLive, default, default, null) { Size = item.Length };
        }
    }
}
