using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using CascadeCache.Emulators;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Connections;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Servers;

namespace CascadeCache.Tests.Memcache;

/// <summary>
/// Many callers share a connection to a server that swaps, repeats, loses, invents and mutilates replies. Whoever gets a value gets his own, and the one that he stored last;
/// the connection is closed and told of; and the next one works. One run for each seed.
/// </summary>
public sealed class CrossTalkTests
{
    private const int Seeds = 200;
    private const int Callers = 6;
    private const int Rounds = 10;
    private const int MischiefPerSeed = 3;

    // What can be seen in a reply without knowing what the value should be.
    private static readonly Mischief[] Kinds = [.. Enum.GetValues<Mischief>().Where(static m => m is not (Mischief.ForgeValue or Mischief.ShortenValue))];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_caller_ever_gets_what_is_not_his()
    {
        await using MemcachedEmulator memcached = await MemcachedEmulator.StartAsync(cancellationToken: Token);
        var done = new ConcurrentBag<Mischief>();
        int violations = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token };
        await Parallel.ForEachAsync(Enumerable.Range(0, Seeds), parallel, async (seed, _) =>
        {
            var plan = new MischiefPlan(seed, Kinds, MischiefPerSeed);
            await using var server = new MischievousServer(memcached.Host, plan);
            using var rig = new Rig(server.Host);
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => CallAsync(rig, seed, caller)));

            plan.BeGood();
            Assert.Equal("Hafter", await rig.StoreAndReadAsync($"s{seed}.after", "after"));
            Interlocked.Add(ref violations, rig.Faults.Count(static f => f == MemcacheFault.Violation));
            plan.Done.ToList().ForEach(done.Add);
        });

        Assert.Equal(Kinds.Order(), done.Distinct().Order());
        Assert.InRange(violations, Seeds / 2, int.MaxValue);
    }

    [Fact]
    public async Task A_client_that_takes_replies_in_turn_gets_other_keys_values_from_the_same_mischief()
    {
        await using MemcachedEmulator memcached = await MemcachedEmulator.StartAsync(cancellationToken: Token);
        string[] keys = [.. Enumerable.Range(0, 40).Select(static i => $"key-{i}")];
        using (var rig = new Rig(memcached.Host))
        {
            foreach (string key in keys)
            {
                await rig.StoreAndReadAsync(key, key);
            }
        }

        int wrong = 0;
        for (int seed = 0; seed < 20; seed++)
        {
            await using var server = new MischievousServer(memcached.Host, new MischiefPlan(seed, Kinds, MischiefPerSeed));
            using var client = new NaiveClient(server.Host);
            wrong += client.Read(keys).Count(static found => found.Value != "H" + found.Key);
        }

        Assert.NotEqual(0, wrong);
    }

    // The only one who stores under his keys, so he knows what has to come back. After a write without an answer he goes on with another key.
    private static async Task CallAsync(Rig rig, int seed, int caller)
    {
        int generation = 0;
        for (int round = 0; round < Rounds; round++)
        {
            string key = $"s{seed}.c{caller}.g{generation}";
            string value = $"{key}#{round}#{new string('x', round * caller * 10)}";
            MemcacheReply set = await rig.SetAsync(key, value);
            if (set.Status != MemcacheStatus.Done)
            {
                Assert.True(set.Status is MemcacheStatus.Unavailable, $"seed {seed}: {set.Status}");
                generation++;
                continue;
            }

            MemcacheReply get = await rig.GetAsync(key);
            using Loan loan = get.Loan;
            Assert.True(get.Status is MemcacheStatus.Hit or MemcacheStatus.Unavailable, $"seed {seed}: {get.Status}");
            if (get.Status == MemcacheStatus.Hit)
            {
                Assert.Equal("H" + value, MemcacheFixture.Text(get));
            }
        }
    }

    private sealed class Rig : IMemcacheObserver, IDisposable
    {
        private readonly SkippingTime _time = new();
        private readonly MemcacheNode _node;

        public Rig(string host)
        {
            var options = new MemcacheOptions { OperationTimeout = TimeSpan.FromMilliseconds(300), ConnectTimeout = TimeSpan.FromSeconds(20) };
            Assert.True(MemcacheServerAddress.TryParse(host, out MemcacheServerAddress? address, out _));
            _node = new MemcacheNode(address, new ConnectionSettings(options, _time, static () => 0, this));
        }

        public ConcurrentQueue<MemcacheFault> Faults { get; } = new();

        public Task<MemcacheReply> GetAsync(string key) =>
            _node.GetAsync(MemcacheFixture.Key(key), new MemcacheGet(true, 0), MemcacheFixture.Call).AsTask();

        public Task<MemcacheReply> SetAsync(string key, string value) => _node.SetAsync(
            MemcacheFixture.Key(key), "H"u8.ToArray(), new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(value)), 0, 100, null, MemcacheFixture.Call).AsTask();

        /// <summary>Tries until the server answers.</summary>
        public async Task<string> StoreAndReadAsync(string key, string value)
        {
            while (true)
            {
                MemcacheReply set = await SetAsync(key, value);
                MemcacheReply get = set.Status == MemcacheStatus.Done ? await GetAsync(key) : default;
                if (get.Status == MemcacheStatus.Hit)
                {
                    return MemcacheFixture.Text(get);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, Token);
            }
        }

        public void Connected(MemcacheNode node)
        {
            // Nothing to do.
        }

        public void Disconnected(MemcacheNode node, MemcacheFault fault, Exception? error)
        {
            Faults.Enqueue(fault);
            _time.Skip(TimeSpan.FromSeconds(10)); // no delay before the next connection is longer
        }

        public void Dispose() => _node.Dispose();
    }
}
