using CascadeCache.Benchmarks.Load.Subjects;
using Microsoft.Extensions.Caching.StackExchangeRedis;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>Blocking reads on threads of the callers' own, beside asynchronous ones; and what the thread pool does meanwhile.</summary>
internal sealed class SyncExperiment(LoadServers servers, IReadOnlyList<int> callers) : LoadExperiment
{
    public const string Get = "CascadeCache Get";
    public const string GetAsync = "CascadeCache GetAsync";

    private const int Size = 1024;
    private const int Keys = 1000;

    private readonly Caches _caches = new();

    public override string Name => "sync";

    public override string Title => "Blocking reads beside asynchronous ones";

    public override string Notes =>
        $"Hits of {Sizes.Text(Size)}, memcache only. Each blocking caller has a thread of its own. Pool threads are the most that the pool had in a turn; threads "
        + "that an earlier turn made may still be there, so that a blocking call adds none if its number is not above the asynchronous one's.";

    public override IReadOnlyList<Baseline> Baselines => [new("× GetAsync", GetAsync)];

    public override IReadOnlyList<ExtraColumn> Extras => [ExtraColumn.PoolThreads];

    public override IEnumerable<Cell> Cells()
    {
        var data = new DataSet(Keys, Size);
        CascadeDistributedCache cache = _caches.Cascade(CascadeBackends.Memcache, [servers.Memcached]);
        RedisCache redis = _caches.Redis(servers.Redis);
        data.Fill(cache, Caches.Entry);
        data.Fill(redis, Caches.Entry);
        var check = new CounterCheck(cache, ExpectedCalls.MemcacheHits);
        LoadSubject[] subjects =
        [
            new BlockingGet(Get, SubjectFamily.CascadeCache, cache, check),
            new AsyncGet(GetAsync, SubjectFamily.CascadeCache, cache, check),
            new BlockingGet("RedisCache Get", SubjectFamily.Redis, redis),
            new AsyncGet("RedisCache GetAsync", SubjectFamily.Redis, redis),
        ];
        foreach (int count in callers)
        {
            yield return new Cell(Sizes.Callers(count), [.. subjects.Select(subject => new Entrant(subject, data, count))]);
        }
    }

    public override void Dispose() => _caches.Dispose();
}
