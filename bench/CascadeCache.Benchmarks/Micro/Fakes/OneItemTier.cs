using System.Buffers;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Benchmarks.Micro.Fakes;

/// <summary>A volatile tier of one server that holds one item, whatever the key, and answers at once. Used by one caller at a time.</summary>
internal sealed class OneItemTier : IVolatileTier, IVolatileServer
{
    private byte[] _item = [];
    private uint _flags;
    private ulong _cas;

    public event Action<IVolatileServer>? ServerReachable
    {
        add { }
        remove { }
    }

    public string Name => "memory";

    public bool IsStandIn => false;

    public TimeSpan? MinimumAge => TimeSpan.FromDays(1);

    public long MaxItemBytes(CacheKey key) => 1_000_000;

    public ValueTask<IVolatileServer> FindServerAsync(CacheKey key, CallContext call) => ValueTask.FromResult<IVolatileServer>(this);

    public ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call)
    {
        VolatileStatus status = _item.Length > 0 ? VolatileStatus.Hit : VolatileStatus.LeaseWon;
        return ValueTask.FromResult(new VolatileRead(status, new VolatileToken(_cas, 1), _flags, 1200, _item, default, null));
    }

    public ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call) =>
        token.Cas == _cas ? SetAsync(key, item, call) : ValueTask.FromResult(new VolatileWrite(VolatileWriteStatus.Conflict));

    public ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call)
    {
        // Locks and values take turns; memory of its own for each would be most of what is measured.
        int size = (int)item.Size;
        if (_item.Length != size)
        {
            _item = new byte[size];
        }

        item.Header.Span.CopyTo(_item);
        item.Payload.CopyTo(_item.AsSpan(item.Header.Length));
        _flags = item.Flags;
        return ValueTask.FromResult(new VolatileWrite(VolatileWriteStatus.Done, new VolatileToken(++_cas, 1)));
    }

    public ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call) => throw new NotSupportedException("Nothing is deleted here.");

    public void Dispose()
    {
    }

    public ValueTask DisposeAsync() => default;
}
