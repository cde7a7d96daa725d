using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.TestKit.Fakes;

/// <summary>What a broken twin does wrong. Each is a mistake that an implementation could make.</summary>
internal enum Defect
{
    None,

    /// <summary>Stores entries whatever is there.</summary>
    FillsWithoutToken,

    /// <summary>Takes another's lock for a lease.</summary>
    IgnoresLocks,

    /// <summary>Deletes whatever is there.</summary>
    DeletesWithoutToken,

    /// <summary>Sends tokens of an earlier life of the server.</summary>
    KeepsTokens,

    /// <summary>Does not tell that the server has restarted.</summary>
    DeniesRestarts,

    /// <summary>Says that it has locked, and has not.</summary>
    PretendsToLock,

    /// <summary>Publishes whatever is there, its lock or not.</summary>
    PublishesWithoutToken,

    /// <summary>Takes a publish whose lock was lost for one that was made.</summary>
    IgnoresLostTokens,

    /// <summary>Slides whatever is there.</summary>
    SlidesBlindly,

    /// <summary>Leaves memcache alone when it writes: neither locks nor publishes.</summary>
    SkipsMemcache,
}

/// <summary>A server as a broken implementation would present it: a race test that does not catch it tests nothing.</summary>
internal sealed class BrokenTwin(FakeVolatileTier inner, Defect defect) : IVolatileServer
{
    private VolatileToken? _lock;
    private VolatileToken? _value;

    public string Name => inner.Name;

    public bool IsStandIn => inner.IsStandIn;

    public TimeSpan? MinimumAge => defect == Defect.DeniesRestarts ? TimeSpan.FromDays(1) : inner.MinimumAge;

    public long MaxItemBytes(CacheKey key) => inner.MaxItemBytes(key);

    public async ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call)
    {
        VolatileRead read = await inner.ReadAsync(key, withValue, leaseSeconds, call).ConfigureAwait(false);
        _value = read.Status == VolatileStatus.Hit && EntryFlags.KindOf(read.Flags) == EntryKind.Value ? read.Token : null;
        return defect == Defect.IgnoresLocks && leaseSeconds > 0 && read.Status == VolatileStatus.Hit && EntryFlags.KindOf(read.Flags) == EntryKind.Lock
            ? new VolatileRead(VolatileStatus.LeaseWon, read.Token, 0, leaseSeconds, default, read.Loan, null)
            : read;
    }

    public async ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call)
    {
        bool isLock = EntryFlags.KindOf(item.Flags) == EntryKind.Lock;
        bool isPublish = !isLock && token == _lock;
        bool isSlide = !isLock && token == _value;
        bool isPretended = defect == Defect.SkipsMemcache ? isLock || isPublish : defect == Defect.PretendsToLock && isLock;
        VolatileWrite write = defect switch
        {
            _ when isPretended => new VolatileWrite(VolatileWriteStatus.Done, token),
            Defect.FillsWithoutToken when !isLock => await inner.SetAsync(key, item, call).ConfigureAwait(false),
            Defect.PublishesWithoutToken when isPublish => await inner.SetAsync(key, item, call).ConfigureAwait(false),
            Defect.SlidesBlindly when isSlide => await inner.SetAsync(key, item, call).ConfigureAwait(false),
            Defect.KeepsTokens => await inner.CompareAndSetAsync(key, token with { Epoch = inner.Epoch }, item, call).ConfigureAwait(false),
            _ => await inner.CompareAndSetAsync(key, token, item, call).ConfigureAwait(false),
        };
        _lock = isLock && write.IsDone ? write.Token : _lock;
        return defect == Defect.IgnoresLostTokens && isPublish ? new VolatileWrite(VolatileWriteStatus.Done, token) : write;
    }

    public ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call) => inner.SetAsync(key, item, call);

    public ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call) =>
        inner.DeleteAsync(key, defect == Defect.DeletesWithoutToken ? null : token, call);

    public override bool Equals(object? obj) => obj is BrokenTwin other && other.Name == Name;

    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);
}
