using CascadeCache.Benchmarks.Load.Subjects;
using CascadeCache.Benchmarks.Servers;
using CascadeCache.Entries;

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
        $"`GetAsync` of {Sizes.Text(Size)}, memcache only, {Keys} keys; and for each number bare pipelined sockets with a thread each, which share the callers evenly. All servers share this machine's processors: "
        + "more of them cannot make more work, but must not cost more than they cost the bare sockets.";

    public override IReadOnlyList<Baseline> Baselines => [new("× one", NameOf(1)), new("× one raw", RawNameOf(1))];

    public override IEnumerable<Cell> Cells()
    {
        var data = new DataSet(Keys, Size);
        var rawData = new DataSet(Keys, Size, "raw");
        AsyncGet[] subjects = [.. Steps.Select(step => Subject(step, data))];
        RawPipelined[] limits = [.. Steps.Select(step => Limit(step, rawData))];
        foreach (int count in callers)
        {
            yield return new Cell(
                Sizes.Callers(count),
                [.. subjects.Select(subject => new Entrant(subject, data, count)), .. limits.Select(limit => new Entrant(limit, rawData, count))]);
        }
    }

    public override void Dispose() => _caches.Dispose();

    private AsyncGet Subject(int step, DataSet data)
    {
        CascadeDistributedCache cache = _caches.Cascade(CascadeBackends.Memcache, servers.FirstMemcached(overServers ? step : 1), connections: overServers ? 1 : step);
        data.Fill(cache, Caches.Entry);
        return new AsyncGet(NameOf(step), SubjectFamily.CascadeCache, cache, new CounterCheck(cache, ExpectedCalls.MemcacheHits));
    }

    private RawPipelined Limit(int step, DataSet data)
    {
        // Each has all of the keys: which server a key belongs to is not what the limit is about.
        int[] ports = [.. Enumerable.Range(0, step).Select(i => overServers ? servers.FirstMemcached(step)[i].Port : servers.Memcached.Port)];
        foreach (LoopbackMemcached server in servers.FirstMemcached(overServers ? step : 1))
        {
            data.Fill(_caches.Cascade(CascadeBackends.Memcache, [server]), Caches.Entry);
        }

        return new RawPipelined(RawNameOf(step), ports, RawRequests.Reads(data), EntryFormat.HeaderSize + Size);
    }

    private string RawNameOf(int step) => "raw, " + NameOf(step);

    private string NameOf(int step) => $"{step} {(overServers ? "server" : "connection")}{(step == 1 ? "" : "s")}";
}
