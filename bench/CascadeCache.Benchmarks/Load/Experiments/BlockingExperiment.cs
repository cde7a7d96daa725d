using CascadeCache.Benchmarks.Load.Subjects;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>How long small reads wait behind large ones on the same connection.</summary>
internal sealed class BlockingExperiment(LoadServers servers) : LoadExperiment
{
    private const int SmallSize = 100;
    private const int SmallKeys = 1000;
    private const int LargeSize = 1_000_000;
    private const int LargeKeys = 16;
    private const int LargeCallers = 4;
    private const int MoreConnections = 4;

    private readonly Caches _caches = new();

    public override string Name => "blocking";

    public override string Title => "Small reads behind large ones";

    public override string Notes =>
        $"`GetAsync` of {Sizes.Text(SmallSize)}, memcache only, alone and while {LargeCallers} further callers read values of {Sizes.Text(LargeSize)} in closed "
        + "loops from the same cache; large/s is what those got. Bytes and processor time are those of all of them, a call being a small one.";

    public override IReadOnlyList<ExtraColumn> Extras => [new("large/s", static turn => turn.OthersPerSecond)];

    public override IEnumerable<Cell> Cells()
    {
        var small = new DataSet(SmallKeys, SmallSize, "small");
        var large = new DataSet(LargeKeys, LargeSize, "large");
        AsyncGet one = Subject("CascadeCache, 1 connection", SubjectFamily.CascadeCache, Over(connections: 1));
        AsyncGet more = Subject($"CascadeCache, {MoreConnections} connections", SubjectFamily.CascadeCache, Over(MoreConnections));
        AsyncGet redis = Subject("RedisCache", SubjectFamily.Redis, _caches.Redis(servers.Redis));
        foreach (int count in (int[])[1, 16])
        {
            yield return new Cell(
                Sizes.Callers(count),
                [
                    .. ((AsyncGet[])[one, more, redis]).SelectMany(subject => new[]
                    {
                        new Entrant(subject.Name + ", alone", subject, small, count),
                        new Entrant(subject.Name + ", behind large values", new BehindLargeValues(subject, subject, large, LargeCallers), small, count),
                    }),
                ]);
        }

        CascadeDistributedCache Over(int connections) => _caches.Cascade(CascadeBackends.Memcache, [servers.Memcached], connections: connections);

        AsyncGet Subject(string name, SubjectFamily family, IDistributedCache cache)
        {
            small.Fill(cache, Caches.Entry);
            large.Fill(cache, Caches.Entry);
            return new AsyncGet(name, family, cache);
        }
    }

    public override void Dispose() => _caches.Dispose();
}
