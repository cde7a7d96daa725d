using CascadeCache.Benchmarks.Load.Subjects;
using Microsoft.Extensions.Caching.StackExchangeRedis;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>Hits for one caller up to ten thousand that wait at the same time.</summary>
internal sealed class CallersExperiment(LoadServers servers) : LoadExperiment
{
    private const int Size = 100;
    private const int Keys = 1000;
    private static readonly int[] Steps = [1, 10, 100, 1000, 10_000];

    private readonly Caches _caches = new();

    public override string Name => "scaling-callers";

    public override string Title => "Hits for up to 10,000 waiting callers";

    public override string Notes =>
        $"`GetAsync` of {Sizes.Text(Size)}, memcache only. Processor time and bytes of a call are to be the same, or less, with more callers; the latency of a closed "
        + "loop grows with their number.";

    public override IReadOnlyList<Baseline> Baselines => [new("× 100 callers", Sizes.Callers(100))];

    public override IEnumerable<Cell> Cells()
    {
        var data = new DataSet(Keys, Size);
        CascadeDistributedCache cache = _caches.Cascade(CascadeBackends.Memcache, [servers.Memcached]);
        RedisCache redis = _caches.Redis(servers.Redis);
        data.Fill(cache, Caches.Entry);
        data.Fill(redis, Caches.Entry);
        yield return CellOf(new AsyncGet("CascadeCache", SubjectFamily.CascadeCache, cache, new CounterCheck(cache, ExpectedCalls.MemcacheHits)), data);
        yield return CellOf(new AsyncGet("RedisCache", SubjectFamily.Redis, redis), data);
    }

    public override void Dispose() => _caches.Dispose();

    private static Cell CellOf(LoadSubject subject, DataSet data) => new(subject.Name, [.. Steps.Select(count => new Entrant(Sizes.Callers(count), subject, data, count))]);
}
