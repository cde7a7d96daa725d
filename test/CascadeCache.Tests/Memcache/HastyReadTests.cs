using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Servers;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.Memcache;

/// <summary>Who waits for a connection and who does not. Time passes only when the test says so: whoever waits for it waits for ever.</summary>
public sealed class HastyReadTests
{
    private static readonly TimeSpan LongerThanAnyDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly MemcacheKey Key = MemcacheFixture.Key("k");

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_read_does_not_wait_for_a_server_whose_last_greeting_did_not_come_and_a_write_does(bool blocking)
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host, time: _time);
        Task<MemcacheReply> first = ReadAsync(client, isHasty: true);
        await server.NextConnectionAsync(Token);
        Assert.False(first.IsCompleted);
        _time.Advance(client.Options.ConnectTimeout);
        Assert.Equal(MemcacheFault.NotConnected, (await first).Fault);
        await client.NextFaultAsync();
        _time.Advance(LongerThanAnyDelay);

        // Starts the next attempt and does not wait for it; nor does who comes while it is under way.
        await AssertGoesOnAsync(client, blocking);
        ScriptedConnection connection = await server.NextConnectionAsync(Token);
        await AssertGoesOnAsync(client, blocking);
        Task<MemcacheReply> write = WriteAsync(client);
        Assert.False(write.IsCompleted);
        await connection.GreetAsync("1.6.18", 1000);
        Assert.Equal("ms k 1 T9 c k O1", await connection.ReadLineAsync());
        await connection.ReadLineAsync();
        await connection.WriteAsync("HD c1 kk O1\r\n");
        Assert.Equal(MemcacheStatus.Done, (await write).Status);

        Task<MemcacheReply> read = ReadAsync(client, isHasty: true);
        Assert.Equal("mg k v c f t k O2", await connection.ReadLineAsync());
        await connection.WriteAsync("EN kk O2\r\n");
        Assert.Equal(MemcacheStatus.Miss, (await read).Status);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_read_does_not_wait_for_a_server_that_fell_silent(bool blocking)
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host, time: _time);
        Task<MemcacheReply> read = ReadAsync(client, isHasty: true);
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();
        _time.Advance(client.Options.OperationTimeout * 2);
        Assert.Equal(MemcacheFault.TimedOut, (await read).Fault);
        Assert.Equal(MemcacheFault.TimedOut, await client.NextFaultAsync());

        await AssertGoesOnAsync(client, blocking);
        connection = await server.NextConnectionAsync(Token);
        await AssertGoesOnAsync(client, blocking);
        Assert.False(WriteAsync(client).IsCompleted);
    }

    [Fact]
    public async Task A_read_waits_for_a_server_that_closed_the_connection_as_one_that_restarts_does()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host, time: _time);
        Task<MemcacheReply> read = ReadAsync(client, isHasty: true);
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();
        _time.Advance(TimeSpan.FromSeconds(2));
        connection.Dispose();
        Assert.Equal(MemcacheFault.ConnectionLost, (await read).Fault);
        await client.NextFaultAsync();

        read = ReadAsync(client, isHasty: true);
        connection = await server.NextConnectionAsync(Token);
        Assert.False(read.IsCompleted);
        await connection.GreetAsync("1.6.18", 1000);
        await connection.ReadLineAsync();
        await connection.WriteAsync("EN kk O1\r\n");
        Assert.Equal(MemcacheStatus.Miss, (await read).Status);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_read_does_not_wait_for_a_discovery_endpoint_that_could_not_be_asked_the_last_time(bool blocking)
    {
        await using var endpoint = new ScriptedServer();
        using var fixture = new MemcacheFixture(endpoint.Host, static options => options.AutoDiscovery = true, time: _time);
        using var client = new MemcacheClient(fixture.Settings, [fixture.Node.Address]);
        var hasty = new CallContext(blocking, Token) { IsHasty = true };
        Task<MemcacheNode?> first = client.GetNodeAsync(Key, CallContext.Async(Token)).AsTask();
        await endpoint.NextConnectionAsync(Token);
        _time.Advance(fixture.Options.ConnectTimeout);
        Assert.Null(await first);

        ValueTask<MemcacheNode?> second = client.GetNodeAsync(Key, hasty);
        Assert.True(second.IsCompleted);
        Assert.Null(await second);
        ScriptedConnection connection = await endpoint.NextConnectionAsync(Token);
        Task<MemcacheNode?> write = client.GetNodeAsync(Key, CallContext.Async(Token)).AsTask();
        Assert.False(write.IsCompleted);
        await connection.ExpectAsync("config get cluster", "CONFIG cluster 0 30\r\n1\nnode|127.0.0.1|9\n\r\nEND\r\n");
        Assert.Equal("127.0.0.1:9", (await write)?.Address.ToString());
        Assert.Equal("127.0.0.1:9", (await client.GetNodeAsync(Key, hasty))?.Address.ToString());
    }

    private static Task<MemcacheReply> ReadAsync(MemcacheFixture client, bool isHasty) =>
        client.Node.GetAsync(Key, new MemcacheGet(true, 0), CallContext.Async(Token) with { IsHasty = isHasty }).AsTask();

    private static Task<MemcacheReply> WriteAsync(MemcacheFixture client) =>
        client.Node.SetAsync(Key, "H"u8.ToArray(), default, 0, 9, null, CallContext.Async(Token)).AsTask();

    private static async Task AssertGoesOnAsync(MemcacheFixture client, bool blocking)
    {
        var call = new CallContext(blocking, Token) { IsHasty = true };
        Task<MemcacheReply> read = Task.Run(() => client.Node.GetAsync(Key, new MemcacheGet(true, 0), call).AsTask(), Token);
        MemcacheReply reply = await read.WaitAsync(Limit, TimeProvider.System, Token);
        Assert.Equal(MemcacheStatus.Unavailable, reply.Status);
        Assert.NotNull(reply.Error);
    }
}
