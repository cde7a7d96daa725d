using CascadeCache.Benchmarks.Load.Subjects;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>Hits over more and more servers, or over more and more connections to one.</summary>
internal sealed class ScalingExperiment(LoadServers servers, bool overServers, IReadOnlyList<int> callers) : LoadExperiment
{
    private const int Size = 1024;
    private const int Keys = 1000;
    private static readonly int[] Steps = [1, 2, 4, 8];

    private readonly Caches _caches = new();

    public override string Name => overServers ? "scaling-servers" : "scaling-connections";

    public override string Title => overServers ? "Hits over several memcached servers" : "Hits over several connections to one memcached";

    public override string Notes =>
        $"`GetAsync` of {Sizes.Text(Size)}, memcache only, {Keys} keys. All servers share this machine's processors: more of them cannot make more work, but must not "
        + "cost more either.";

    public override IReadOnlyList<Baseline> Baselines => [new("× one", NameOf(1))];

    public override IEnumerable<Cell> Cells()
    {
        var data = new DataSet(Keys, Size);
        AsyncGet[] subjects = [.. Steps.Select(step => Subject(step, data))];
        foreach (int count in callers)
        {
            yield return new Cell(Sizes.Callers(count), [.. subjects.Select(subject => new Entrant(subject, data, count))]);
        }
    }

    public override void Dispose() => _caches.Dispose();

    private AsyncGet Subject(int step, DataSet data)
    {
        CascadeDistributedCache cache = _caches.Cascade(CascadeBackends.Memcache, servers.FirstMemcached(overServers ? step : 1), connections: overServers ? 1 : step);
        data.Fill(cache, Caches.Entry);
        return new AsyncGet(NameOf(step), SubjectFamily.CascadeCache, cache, new CounterCheck(cache, ExpectedCalls.MemcacheHits));
    }

    private string NameOf(int step) => $"{step} {(overServers ? "server" : "connection")}{(step == 1 ? "" : "s")}";
}
