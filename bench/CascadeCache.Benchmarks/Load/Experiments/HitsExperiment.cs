using CascadeCache.Benchmarks.Load.Subjects;
using CascadeCache.Entries;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.StackExchangeRedis;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>Reads of values that are there, of one size.</summary>
internal sealed class HitsExperiment(LoadServers servers, int size, IReadOnlyList<int> callers) : LoadExperiment
{
    public const string Pipelined = "raw pipelined socket";
    public const string PingPong = "raw ping-pong, asynchronous";
    public const string BlockingPingPong = "raw ping-pong, blocking";
    public const string Get = "CascadeCache Get, memcache only";
    public const string GetAsync = "CascadeCache GetAsync, memcache only";
    public const string TryGetAsync = "CascadeCache TryGetAsync, memcache only";
    public const string DistributedGet = "CascadeCache Get, distributed";
    public const string DistributedGetAsync = "CascadeCache GetAsync, distributed";
    public const string DistributedTryGetAsync = "CascadeCache TryGetAsync, distributed";
    public const string RedisGetAsync = "RedisCache GetAsync";
    public const string RedisTryGetAsync = "RedisCache TryGetAsync";
    public const string MemoryGetAsync = "MemoryDistributedCache GetAsync";

    private const int MostKeys = 1000;
    private const int MostBytes = 32 * 1024 * 1024;

    private readonly Caches _caches = new();

    public static string NameOf(int size) => "hits-" + size;

    public override string Name => NameOf(size);

    public override string Title => $"Hits, values of {Sizes.Text(size)}";

    public override string Notes =>
        $"{Keys} keys. The entries have an absolute expiration of 12 hours and do not slide. Every value is checked (length, first and last byte), and the "
        + "cache's counters after every turn: as many hits as calls, no Datastore operation.";

    public override IReadOnlyList<Baseline> Baselines => [new("× RedisCache", RedisGetAsync), new("× raw pipelined", Pipelined)];

    private int Keys => Math.Clamp(MostBytes / size, 16, MostKeys);

    public override IEnumerable<Cell> Cells()
    {
        var data = new DataSet(Keys, size);
        IReadOnlyList<LoadSubject> subjects = Subjects(data);
        foreach (int count in callers)
        {
            yield return new Cell(Sizes.Callers(count), [.. subjects.Where(subject => subject.CanRun(count)).Select(subject => new Entrant(subject, data, count))]);
        }
    }

    public override void Dispose() => _caches.Dispose();

    private IReadOnlyList<LoadSubject> Subjects(DataSet data)
    {
        CascadeDistributedCache volatileOnly = _caches.Cascade(CascadeBackends.Memcache, [servers.Memcached]);
        CascadeDistributedCache distributed = _caches.Cascade(CascadeBackends.Distributed, [servers.Memcached], servers.Datastore);
        RedisCache redis = _caches.Redis(servers.Redis);
        MemoryDistributedCache memory = Caches.Memory();

        // Both modes write the same format; the one without Datastore puts entries into memcached without the wait after a start.
        data.Fill(volatileOnly, Caches.Entry);
        data.Fill(redis, Caches.Entry);
        data.Fill(memory, Caches.Entry);

        int itemSize = EntryFormat.HeaderSize + data.Size;
        RawRequests requests = RawRequests.Reads(data);
        int port = servers.Memcached.Port;
        return
        [
            new RawPipelined(Pipelined, [port], requests, itemSize),
            new RawPingPong(PingPong, port, requests, itemSize),
            new RawBlockingPingPong(BlockingPingPong, port, requests, itemSize),
            new BlockingGet(Get, SubjectFamily.CascadeCache, volatileOnly, Hits(volatileOnly)),
            new AsyncGet(GetAsync, SubjectFamily.CascadeCache, volatileOnly, Hits(volatileOnly)),
            new AsyncTryGet(TryGetAsync, SubjectFamily.CascadeCache, volatileOnly, Hits(volatileOnly)),
            new BlockingGet(DistributedGet, SubjectFamily.CascadeCache, distributed, Hits(distributed)),
            new AsyncGet(DistributedGetAsync, SubjectFamily.CascadeCache, distributed, Hits(distributed)),
            new AsyncTryGet(DistributedTryGetAsync, SubjectFamily.CascadeCache, distributed, Hits(distributed)),
            new AsyncGet(RedisGetAsync, SubjectFamily.Redis, redis),
            new AsyncTryGet(RedisTryGetAsync, SubjectFamily.Redis, redis),
            new AsyncGet(MemoryGetAsync, SubjectFamily.Memory, memory),
        ];
    }

    private static CounterCheck Hits(CascadeDistributedCache cache) => new(cache, ExpectedCalls.MemcacheHits);
}
