using System.Globalization;
using CascadeCache.Benchmarks.Load.Subjects;
using Microsoft.Extensions.Caching.StackExchangeRedis;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>Hits among few keys and among a great many.</summary>
internal sealed class KeysExperiment(LoadServers servers, int many, IReadOnlyList<int> callers) : LoadExperiment
{
    private const int Size = 100;
    private const int Few = 1000;

    private readonly Caches _caches = new();

    public override string Name => "scaling-keys";

    public override string Title => $"Hits among {Text(many)} distinct keys";

    public override string Notes =>
        $"`GetAsync` of {Sizes.Text(Size)}, memcache only. What a call costs is to be the same; that so many keys leave the processors' caches falls on the servers too.";

    public override IReadOnlyList<Baseline> Baselines => [new("× few keys", NameOf("CascadeCache", Few))];

    public override IEnumerable<Cell> Cells()
    {
        var few = new DataSet(Few, Size, "few");
        var lots = new DataSet(many, Size, "many");
        CascadeDistributedCache cache = _caches.Cascade(CascadeBackends.Memcache, [servers.Memcached]);
        RedisCache redis = _caches.Redis(servers.Redis);
        foreach (DataSet data in (DataSet[])[few, lots])
        {
            data.Fill(cache, Caches.Entry);
            data.Fill(redis, Caches.Entry);
        }

        var ours = new AsyncGet("CascadeCache", SubjectFamily.CascadeCache, cache, new CounterCheck(cache, ExpectedCalls.MemcacheHits));
        var theirs = new AsyncGet("RedisCache", SubjectFamily.Redis, redis);
        foreach (int count in callers)
        {
            yield return new Cell(
                Sizes.Callers(count),
                [
                    .. ((LoadSubject[])[ours, theirs]).SelectMany(subject => new[]
                    {
                        new Entrant(NameOf(subject.Name, Few), subject, few, count),
                        new Entrant(NameOf(subject.Name, many), subject, lots, count),
                    }),
                ]);
        }
    }

    public override void Dispose() => _caches.Dispose();

    private static string NameOf(string cache, int keys) => $"{cache}, {Text(keys)} keys";

    private static string Text(int keys) => keys.ToString("#,0", CultureInfo.InvariantCulture);
}
