using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Benchmarks.Micro.Fakes;

/// <summary>A durable tier that takes every write at once and keeps nothing. A read ends the benchmark: a hit must not need one.</summary>
internal sealed class CommittingTier : IDurableTier
{
    private long _version;

    public TimeSpan WriteDeadline => TimeSpan.FromSeconds(10);

    public long MaxValueBytes(CacheKey key) => 1_000_000;

    public ValueTask<DurableRead> ReadAsync(CacheKey key, DurableCause cause, CallContext call) => throw new NotSupportedException("A hit read Datastore.");

    public ValueTask<DurableWrite> WriteAsync(CacheKey key, DurableValue value, WriteCondition condition, DurableCause cause, CallContext call, long replacedBytes = 0) =>
        ValueTask.FromResult(new DurableWrite(DurableWriteStatus.Applied, ++_version));

    public ValueTask<DurableWrite> ExtendAsync(CacheKey key, long expiresAt, long baseVersion, long valueBytes, DurableCause cause, CallContext call) =>
        throw new NotSupportedException("Nothing slides here.");

    public ValueTask<DurableWrite> DeleteAsync(CacheKey key, long? baseVersion, DurableCause cause, CallContext call, long replacedBytes = 0) =>
        throw new NotSupportedException("Nothing is deleted here.");

    public void Dispose()
    {
    }

    public ValueTask DisposeAsync() => default;
}
