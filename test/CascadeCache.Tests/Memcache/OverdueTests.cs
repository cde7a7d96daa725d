using CascadeCache.Memcache;
using CascadeCache.TestKit.Servers;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.Memcache;

/// <summary>Each request ends within the operation time-out, whatever the server does for others meanwhile; one timer of the connection sees to all of them.</summary>
public sealed class OverdueTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_has_waited_too_long_is_told_so_while_a_server_that_sends_goes_on_with_the_others()
    {
        await using var server = new ScriptedServer();
        using MemcacheFixture client = ClientOf(server);
        Task<MemcacheReply> first = client.GetAsync("a");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();
        Task<MemcacheReply> overdue = client.GetAsync("b");
        await connection.ReadLineAsync();
        _time.Advance(Limit * 0.6);
        Task<MemcacheReply> later = client.GetAsync("c");
        await connection.ReadLineAsync();
        await connection.WriteAsync("EN ka O1\r\n");
        await first;

        _time.Advance(Limit * 0.4);

        MemcacheReply told = await overdue;
        Assert.Equal((MemcacheStatus.Unavailable, MemcacheFault.TimedOut, true), (told.Status, told.Fault, told.MaybeExecuted));
        Assert.False(later.IsCompleted);

        await connection.WriteAsync("VA 5 c1 f0 t9 kb O2\r\nother\r\nVA 3 c2 f0 t9 kc O3\r\nown\r\n");
        Assert.Equal("own", MemcacheFixture.Text(await later));
        Assert.True(client.Node.IsConnected);
    }

    [Fact]
    public async Task A_silent_server_is_given_up_as_soon_as_the_oldest_is_overdue()
    {
        await using var server = new ScriptedServer();
        using MemcacheFixture client = ClientOf(server);
        Task<MemcacheReply> first = client.GetAsync("a");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();
        _time.Advance(Limit * 0.9);
        Task<MemcacheReply> second = client.GetAsync("b");
        await connection.ReadLineAsync();
        Assert.False(first.IsCompleted);

        _time.Advance(Limit * 0.1);

        Assert.Equal((MemcacheFault.TimedOut, MemcacheFault.TimedOut), ((await first).Fault, (await second).Fault));
        Assert.Equal(MemcacheFault.TimedOut, await client.NextFaultAsync());
    }

    private MemcacheFixture ClientOf(ScriptedServer server) => new(
        server.Host,
        static options =>
        {
            options.OperationTimeout = Limit;
            options.ConnectTimeout = TimeSpan.FromHours(1);
        },
        time: _time);
}
