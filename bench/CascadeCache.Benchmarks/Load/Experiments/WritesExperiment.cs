using CascadeCache.Benchmarks.Load.Subjects;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.StackExchangeRedis;

namespace CascadeCache.Benchmarks.Load.Experiments;

/// <summary>Writes over values of the same size, each caller's to a key of its own.</summary>
internal sealed class WritesExperiment(LoadServers servers, int size, IReadOnlyList<int> callers) : LoadExperiment
{
    public const string Pipelined = "raw pipelined socket";
    public const string PingPong = "raw ping-pong, asynchronous";
    public const string BareCommit = "bare commit";
    public const string Set = "CascadeCache Set, memcache only";
    public const string SetAsync = "CascadeCache SetAsync, memcache only";
    public const string DatastoreSetAsync = "CascadeCache SetAsync, Datastore only";
    public const string DistributedSet = "CascadeCache Set, distributed";
    public const string DistributedSetAsync = "CascadeCache SetAsync, distributed";
    public const string RedisSetAsync = "RedisCache SetAsync";
    public const string MemorySetAsync = "MemoryDistributedCache SetAsync";

    private readonly Caches _caches = new();

    public static string NameOf(int size) => "writes-" + size;

    public override string Name => NameOf(size);

    public override string Title => $"Writes, values of {Sizes.Text(size)}";

    public override string Notes =>
        "Each caller writes to a key of its own. The Datastore is the emulator, whose commit is in memory and far faster than the service's. The cache's "
        + "counters are checked after every turn: as many commits as calls, or none; no retry, nothing on the backlog.";

    public override IReadOnlyList<Baseline> Baselines => [new("× RedisCache", RedisSetAsync), new("× bare commit", BareCommit)];

    public override IEnumerable<Cell> Cells()
    {
        IReadOnlyList<(LoadSubject Subject, DataSet Data)> subjects = Subjects(callers.Max());
        foreach (int count in callers)
        {
            yield return new Cell(
                Sizes.Callers(count),
                [.. subjects.Where(pair => pair.Subject.CanRun(count)).Select(pair => new Entrant(pair.Subject, pair.Data, count))]);
        }
    }

    public override void Dispose() => _caches.Dispose();

    private IReadOnlyList<(LoadSubject Subject, DataSet Data)> Subjects(int keys)
    {
        CascadeDistributedCache volatileOnly = _caches.Cascade(CascadeBackends.Memcache, [servers.Memcached]);
        CascadeDistributedCache durableOnly = _caches.Cascade(CascadeBackends.Datastore, [], servers.Datastore);
        CascadeDistributedCache distributed = _caches.Cascade(CascadeBackends.Distributed, [servers.Memcached], servers.Datastore);
        RedisCache redis = _caches.Redis(servers.Redis);
        Caches.WaitUntilWritesArePublished(distributed);

        // The modes must not find each other's items in memcached.
        var alone = new DataSet(keys, size, "alone");
        var both = new DataSet(keys, size, "both");
        RawRequests requests = RawRequests.Writes(alone);
        int port = servers.Memcached.Port;
        DistributedCacheEntryOptions entry = Caches.Entry;
        return
        [
            (new RawPipelined(Pipelined, [port], requests, valueSize: 0), alone),
            (new RawPingPong(PingPong, port, requests, valueSize: 0), alone),
            (new BlockingSet(Set, SubjectFamily.CascadeCache, volatileOnly, entry, new CounterCheck(volatileOnly, ExpectedCalls.MemcacheWrites)), alone),
            (new AsyncSet(SetAsync, SubjectFamily.CascadeCache, volatileOnly, entry, new CounterCheck(volatileOnly, ExpectedCalls.MemcacheWrites)), alone),
            (_caches.Keep(new BareCommit(BareCommit, servers.Datastore.Host, alone)), alone),
            (new AsyncSet(DatastoreSetAsync, SubjectFamily.CascadeCache, durableOnly, entry, new CounterCheck(durableOnly, ExpectedCalls.DatastoreWrites)), alone),
            (new BlockingSet(DistributedSet, SubjectFamily.CascadeCache, distributed, entry, new CounterCheck(distributed, ExpectedCalls.DatastoreWrites)), both),
            (new AsyncSet(DistributedSetAsync, SubjectFamily.CascadeCache, distributed, entry, new CounterCheck(distributed, ExpectedCalls.DatastoreWrites)), both),
            (new AsyncSet(RedisSetAsync, SubjectFamily.Redis, redis, entry), alone),
            (new AsyncSet(MemorySetAsync, SubjectFamily.Memory, Caches.Memory(), entry), alone),
        ];
    }
}
