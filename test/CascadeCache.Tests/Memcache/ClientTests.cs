using System.Text;
using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Processes;
using CascadeCache.TestKit.Servers;

namespace CascadeCache.Tests.Memcache;

/// <summary>Several servers, and the discovery of them.</summary>
public sealed class ClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_server_serves_its_share_and_a_dead_ones_keys_move_to_nobody()
    {
        await using RealMemcached one = await RealMemcached.StartAsync();
        await using RealMemcached other = await RealMemcached.StartAsync();
        using var fixture = new MemcacheFixture(one.Host);
        using var client = new MemcacheClient(fixture.Settings, [Address(one.Host), Address(other.Host)]);
        string[] keys = [.. Enumerable.Range(0, 200).Select(static i => $"key-{i}")];
        foreach (string key in keys)
        {
            Assert.Equal(MemcacheStatus.Done, (await SetAsync(client, key)).Status);
        }

        other.Kill();
        int alive = 0;
        foreach (string key in keys)
        {
            MemcacheNode node = (await client.GetNodeAsync(MemcacheFixture.Key(key), MemcacheFixture.Call))!;
            MemcacheReply reply = await node.GetAsync(MemcacheFixture.Key(key), new MemcacheGet(true, 0), MemcacheFixture.Call);
            Assert.Equal(node.Address.ToString() == one.Host ? MemcacheStatus.Hit : MemcacheStatus.Unavailable, reply.Status);
            alive += reply.Status == MemcacheStatus.Hit ? 1 : 0;
        }

        Assert.InRange(alive, 40, 160);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_servers_are_asked_of_the_discovery_endpoint_before_the_first_request(bool blocking)
    {
        await using RealMemcached node = await RealMemcached.StartAsync();
        await using var endpoint = new ScriptedServer();
        using var fixture = new MemcacheFixture(node.Host, static options => options.AutoDiscovery = true);
        using var client = new MemcacheClient(fixture.Settings, [Address(endpoint.Host)]);
        Task<MemcacheNode?> found = Task.Run(() => client.GetNodeAsync(MemcacheFixture.Key("k"), new CallContext(blocking, Token)).AsTask(), Token);
        ScriptedConnection connection = await endpoint.NextConnectionAsync(Token);
        await connection.ExpectAsync("config get cluster", $"CONFIG cluster 0 30\r\n1\nnode|127.0.0.1|{node.Port}\n\r\nEND\r\n");

        Assert.Equal(node.Host, (await found)?.Address.ToString());
    }

    [Fact]
    public async Task A_memcached_that_is_no_discovery_endpoint_is_told_apart()
    {
        await using RealMemcached plain = await RealMemcached.StartAsync();
        using var fixture = new MemcacheFixture(plain.Host, static options => options.AutoDiscovery = true);
        using var client = new MemcacheClient(fixture.Settings, [Address(plain.Host)]);

        Assert.Null(await client.GetNodeAsync(MemcacheFixture.Key("k"), MemcacheFixture.Call));
        Assert.Contains("AutoDiscovery", client.DiscoveryFailure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callers_that_block_need_no_thread_of_the_pool()
    {
        await using RealMemcached server = await RealMemcached.StartAsync();
        using var client = new MemcacheFixture(server.Host);
        ThreadPool.GetMaxThreads(out int workers, out _);
        using var release = new ManualResetEventSlim();
        using var busy = new CountdownEvent(Math.Min(workers, 64));

        // More long-running work than the pool has threads now; it would grow by one or two a second.
        for (int i = 0; i < busy.InitialCount; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    release.Wait();
                    busy.Signal();
                },
                null);
        }

        var value = new TaskCompletionSource<string>();
        var caller = new Thread(() => value.SetResult(SetAndGet(client.Node)));
        caller.Start();
        caller.Join();
        bool wasStarved = busy.CurrentCount == busy.InitialCount;
        release.Set();
        busy.Wait(Token);

        Assert.True(wasStarved);
        Assert.Equal("Hvalue", await value.Task);
    }

    private static string SetAndGet(MemcacheNode node)
    {
        MemcacheKey key = MemcacheFixture.Key("k");
        var blocking = new CallContext(true, CancellationToken.None);
        Task<MemcacheReply> set = node.SetAsync(key, "H"u8.ToArray(), new(Encoding.ASCII.GetBytes("value")), 0, 100, null, blocking).AsTask();
        Assert.True(set.IsCompleted);
        Task<MemcacheReply> get = node.GetAsync(key, new MemcacheGet(true, 0), blocking).AsTask();
        Assert.True(get.IsCompleted);
        return MemcacheFixture.Text(get.Result);
    }

    private static MemcacheServerAddress Address(string host) =>
        MemcacheServerAddress.TryParse(host, out MemcacheServerAddress? address, out _) ? address : throw new ArgumentException(host);

    private static async Task<MemcacheReply> SetAsync(MemcacheClient client, string key)
    {
        MemcacheNode node = (await client.GetNodeAsync(MemcacheFixture.Key(key), MemcacheFixture.Call))!;
        return await node.SetAsync(MemcacheFixture.Key(key), "H"u8.ToArray(), default, 0, 100, null, MemcacheFixture.Call);
    }
}
