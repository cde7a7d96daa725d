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
}

/// <summary>A server as a broken implementation would present it: a race test that does not catch it tests nothing.</summary>
internal sealed class BrokenTwin(FakeVolatileTier inner, Defect defect) : IVolatileServer
{
    public string Name => inner.Name;

    public bool IsStandIn => inner.IsStandIn;

    public TimeSpan? MinimumAge => defect == Defect.DeniesRestarts ? TimeSpan.FromDays(1) : inner.MinimumAge;

    public long MaxItemBytes(CacheKey key) => inner.MaxItemBytes(key);

    public async ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call)
    {
        VolatileRead read = await inner.ReadAsync(key, withValue, leaseSeconds, call).ConfigureAwait(false);
        return defect == Defect.IgnoresLocks && leaseSeconds > 0 && read.Status == VolatileStatus.Hit && EntryFlags.KindOf(read.Flags) == EntryKind.Lock
            ? new VolatileRead(VolatileStatus.LeaseWon, read.Token, 0, leaseSeconds, default, read.Owner, null)
            : read;
    }

    public ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call)
    {
        bool isLock = EntryFlags.KindOf(item.Flags) == EntryKind.Lock;
        return defect switch
        {
            Defect.FillsWithoutToken when !isLock => inner.SetAsync(key, item, call),
            Defect.PretendsToLock when isLock => ValueTask.FromResult(new VolatileWrite(VolatileWriteStatus.Done, token)),
            Defect.KeepsTokens => inner.CompareAndSetAsync(key, token with { Epoch = inner.Epoch }, item, call),
            _ => inner.CompareAndSetAsync(key, token, item, call),
        };
    }

    public ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call) => inner.SetAsync(key, item, call);

    public ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call) =>
        inner.DeleteAsync(key, defect == Defect.DeletesWithoutToken ? null : token, call);

    public override bool Equals(object? obj) => obj is BrokenTwin other && other.Name == Name;

    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);
}
