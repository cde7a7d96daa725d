using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary>A call of a cache, ours or another, through the same interface.</summary>
internal abstract class CacheSubject<TCache>(string name, SubjectFamily family, TCache cache, CounterCheck? check) : LoadSubject(name, family)
    where TCache : IDistributedCache
{
    protected TCache Cache { get; } = cache;

    public override void Prepare() => check?.Begin();

    public override void Verify(long calls) => check?.Verify(calls);
}
