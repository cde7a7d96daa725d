using System.Text;
using CascadeCache.Diagnostics;
using CascadeCache.Emulators;
using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Servers;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Tests.Memcache;

/// <summary>
/// The whole cache over a server that does mischief, some of it such that only the value itself can show it. No caller ever gets a value that is not the last one that he
/// stored under his key; what is noticed is counted and logged; and afterwards memcached answers again.
/// </summary>
public sealed class CacheCrossTalkTests
{
    private const int Seeds = 40;
    private const int Callers = 4;
    private const int Rounds = 6;
    private const int MischiefPerSeed = 3;
    private const int UnavailableLogId = 4;

    private static readonly DistributedCacheEntryOptions OneDay = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromDays(1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(CascadeBackends.Distributed)]
    [InlineData(CascadeBackends.Memcache)]
    public async Task No_caller_ever_gets_what_is_not_his(CascadeBackends backends)
    {
        // Old enough for its contents to be trusted at once.
        await using MemcachedEmulator memcached = await MemcachedEmulator.StartAsync(new MemcachedEmulatorOptions { InitialUptime = TimeSpan.FromDays(1) }, Token);
        await using DatastoreEmulator datastore = await DatastoreEmulator.StartAsync(cancellationToken: Token);
        long violations = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token };
        await Parallel.ForEachAsync(Enumerable.Range(0, Seeds), parallel, async (seed, _) =>
        {
            var plan = new MischiefPlan(seed, Enum.GetValues<Mischief>(), MischiefPerSeed);
            await using var server = new MischievousServer(memcached.Host, plan);
            var log = new LogIds();
            await using CascadeDistributedCache cache = NewCache(backends, server.Host, datastore.Host, $"{backends}.{seed}.", log);
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(() => CallAsync(cache, backends, seed, caller), Token)));

            plan.BeGood();
            await UntilMemcachedAnswersAsync(cache);
            CacheCounters counters = cache.Parts.Counters;
            Interlocked.Add(ref violations, counters.Get(Counter.MemcacheViolations));
            Assert.Equal(counters.Get(Counter.MemcacheViolations) + counters.Get(Counter.MemcacheDisconnects) > 0, log.Count(UnavailableLogId) > 0);
        });

        Assert.InRange(violations, Seeds / 4, long.MaxValue);
    }

    [Fact]
    public async Task A_value_that_is_forged_in_a_frame_that_is_right_is_rejected_and_repaired()
    {
        await using MemcachedEmulator memcached = await MemcachedEmulator.StartAsync(new MemcachedEmulatorOptions { InitialUptime = TimeSpan.FromDays(1) }, Token);
        await using DatastoreEmulator datastore = await DatastoreEmulator.StartAsync(cancellationToken: Token);
        await using var server = new MischievousServer(memcached.Host, new MischiefPlan(1, [Mischief.ForgeValue, Mischief.ShortenValue], int.MaxValue));
        await using CascadeDistributedCache cache = NewCache(CascadeBackends.Distributed, server.Host, datastore.Host, "forged.", new LogIds());
        string[] keys = [.. Enumerable.Range(0, 8).Select(static i => $"key-{i}")];
        foreach (string key in keys)
        {
            await cache.SetAsync(key, Encoding.ASCII.GetBytes(key), OneDay, Token);
        }

        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(keys[i % 8], Encoding.ASCII.GetString((await cache.GetAsync(keys[i % 8], Token))!));
        }

        Assert.InRange(cache.Parts.Counters.Get(Counter.RejectedPayloads), 5, 100);
        Assert.InRange(cache.Parts.Counters.Get(Counter.MemcacheHits), 100, 200);
    }

    private static CascadeDistributedCache NewCache(CascadeBackends backends, string memcached, string datastore, string prefix, LogIds log)
    {
        var options = new CascadeCacheOptions { Backends = backends, KeyPrefix = prefix };
        options.Memcache.Servers.Add(memcached);
        options.Memcache.ConnectTimeout = TimeSpan.FromSeconds(10);
        options.Memcache.OperationTimeout = TimeSpan.FromMilliseconds(300);
        options.Resilience.Memcache.TotalTimeout = TimeSpan.FromSeconds(10);
        options.Resilience.Memcache.BreakerMinimumThroughput = int.MaxValue; // an open circuit would keep the mischief away
        options.Datastore.EmulatorHost = datastore;
        options.Datastore.ProjectId = "cross-talk";
        return new CascadeDistributedCache(options, new CacheSurroundings { Logger = log, Random = static () => 0, Environment = static _ => null });
    }

    // The only one who writes his keys. A write that failed leaves open what is stored: he goes on with another key.
    private static async Task CallAsync(CascadeDistributedCache cache, CascadeBackends backends, int seed, int caller)
    {
        int generation = 0;
        for (int round = 0; round < Rounds; round++)
        {
            string key = $"c{caller}.g{generation}";
            string value = $"{key}#{round}#{new string('x', round * caller * 10)}";
            try
            {
                await WriteAsync(cache, key, value, isRemove: round % 3 == 2, isSync: caller == 0);
                byte[]? found = caller == 0 ? cache.Get(key) : await cache.GetAsync(key, Token);
                string? expected = round % 3 == 2 ? null : value;
                string? read = found is null ? null : Encoding.ASCII.GetString(found);

                // Alone, memcached can lose what it holds; and a damaged value is as good as lost.
                bool isRight = read == expected || (backends == CascadeBackends.Memcache && read is null);
                Assert.True(isRight, $"seed {seed}: read '{read}' where '{expected}' was stored");
            }
            catch (CascadeUnavailableException) when (backends == CascadeBackends.Memcache)
            {
                generation++;
            }
        }
    }

    private static async Task WriteAsync(CascadeDistributedCache cache, string key, string value, bool isRemove, bool isSync)
    {
        switch (isRemove, isSync)
        {
            case (true, true):
                cache.Remove(key);
                break;
            case (true, false):
                await cache.RemoveAsync(key, Token);
                break;
            case (false, true):
                cache.Set(key, Encoding.ASCII.GetBytes(value), OneDay);
                break;
            default:
                await cache.SetAsync(key, Encoding.ASCII.GetBytes(value), OneDay, Token);
                break;
        }
    }

    private static async Task UntilMemcachedAnswersAsync(CascadeDistributedCache cache)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        for (int i = 0; ; i++)
        {
            try
            {
                long hits = cache.Parts.Counters.Get(Counter.MemcacheHits);
                await cache.SetAsync($"after{i}", [7], OneDay, limit.Token);
                Assert.Equal([7], (await cache.GetAsync($"after{i}", limit.Token))!);
                if (cache.Parts.Counters.Get(Counter.MemcacheHits) > hits)
                {
                    return;
                }
            }
            catch (CascadeUnavailableException)
            {
                // Still between two connections.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
        }
    }
}
