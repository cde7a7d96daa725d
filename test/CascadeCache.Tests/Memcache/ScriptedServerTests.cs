using System.Buffers;
using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Servers;

namespace CascadeCache.Tests.Memcache;

/// <summary>What the client does when a server answers wrongly, late, in part or not at all: each reply below is written by hand.</summary>
public sealed class ScriptedServerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("VA 3 c9 f0 t-1 kmine O2\r\nabc\r\n")]
    [InlineData("VA 3 c9 f0 t-1 kother O1\r\nabc\r\n")]
    [InlineData("VA 3 c9 f0 t-1 kmine\r\nabc\r\n")]
    [InlineData("VA 3 c9 f0 t-1 O1\r\nabc\r\n")]
    [InlineData("VA 3 c9 f0 t-1 kmine O1\r\nabcde\r\n")]
    [InlineData("VA 3 f0 t-1 kmine O1\r\nabc\r\n")]
    [InlineData("VA 3 c9 t-1 kmine O1\r\nabc\r\n")]
    [InlineData("VA 3 c9 f0 kmine O1\r\nabc\r\n")]
    [InlineData("VA 99999999 c9 f0 t-1 kmine O1\r\nabc\r\n")]
    [InlineData("VA x c9\r\n")]
    [InlineData("HD cx kmine O1\r\n")]
    [InlineData("VALUE mine 0 3\r\nabc\r\nEND\r\n")]
    [InlineData("ERROR\r\n")]
    [InlineData("CLIENT_ERROR bad command line format\r\n")]
    [InlineData("NF kmine O1\r\n")]
    public async Task A_reply_that_does_not_prove_itself_closes_the_connection_and_reaches_nobody(string reply)
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> first = client.GetAsync("mine");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        Assert.Equal("mg mine v c f t k O1", await connection.ReadLineAsync());
        Task<MemcacheReply> second = client.GetAsync("second");
        Assert.Equal("mg second v c f t k O2", await connection.ReadLineAsync());

        await connection.WriteAsync(reply);

        Assert.Equal(MemcacheStatus.Unavailable, (await first).Status);
        Assert.Equal(MemcacheFault.Violation, (await first).Fault);
        Assert.True((await first).Value.IsEmpty);
        Assert.Equal(MemcacheStatus.Unavailable, (await second).Status);
        Assert.Equal(MemcacheFault.Violation, await client.NextFaultAsync());
        Assert.Null(await connection.ReadLineAsync());
    }

    [Fact]
    public async Task A_reply_that_nobody_asked_for_closes_the_connection()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();

        await connection.WriteAsync("EN kk O1\r\nEN kk O1\r\n");

        Assert.Equal(MemcacheStatus.Miss, (await get).Status);
        Assert.Equal(MemcacheFault.Violation, await client.NextFaultAsync());
    }

    [Fact]
    public async Task Half_a_frame_and_then_the_end_is_no_value()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();

        await connection.WriteAsync("VA 10 c9 f0 t-1 kk O1\r\nabcde");
        connection.Dispose();

        Assert.Equal(MemcacheFault.ConnectionLost, (await get).Fault);
        Assert.True((await get).MaybeExecuted);
    }

    [Fact]
    public async Task Who_gives_up_does_not_shift_the_replies_of_the_others()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        using var impatience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task<MemcacheReply> impatient = client.GetAsync("one", token: impatience.Token);
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        Assert.Equal("mg one v c f t k O1", await connection.ReadLineAsync());

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        Task<MemcacheReply> patient = client.GetAsync("two");
        Assert.Equal("mg two v c f t k O2", await connection.ReadLineAsync());
        await connection.WriteAsync("VA 3 c1 f0 t-1 kone O1\r\nONE\r\nVA 3 c2 f0 t-1 ktwo O2\r\nTWO\r\n");

        Assert.Equal("TWO", MemcacheFixture.Text(await patient));
    }

    [Fact]
    public async Task A_token_of_an_earlier_connection_is_worth_nothing_and_is_not_sent()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> read = client.GetAsync("k", lease: 10);
        ScriptedConnection first = await server.NextGreetedAsync(Token);
        Assert.Equal("mg k v c f t N10 k O1", await first.ReadLineAsync());
        await first.WriteAsync("VA 0 c1 f0 t-1 kk O1 W\r\n\r\n");
        Assert.Equal(LeaseState.Won, (await read).Lease);
        first.Dispose();
        await client.NextFaultAsync();

        // The server has restarted and counts from 1 again: the number would fit a stranger's item.
        Task<MemcacheReply> again = ReadUntilConnectedAsync(client);
        ScriptedConnection second = await server.NextGreetedAsync(Token);
        await second.ReadLineAsync();
        await second.WriteAsync("VA 0 c1 f0 t-1 kk O1 W\r\n\r\n");
        await again;
        MemcacheReply fill = await client.SetAsync("k", "old", (await read).Token);
        Task<MemcacheReply> fillNow = client.SetAsync("k", "new", (await again).Token);

        Assert.Equal(MemcacheStatus.Conflict, fill.Status);
        Assert.Equal("ms k 4 C1 T100 c k O2", await second.ReadLineAsync());
        await second.ReadLineAsync();
        await second.WriteAsync("HD c2 kk O2\r\n");
        Assert.Equal(MemcacheStatus.Done, (await fillNow).Status);
    }

    [Fact]
    public async Task A_server_error_refuses_the_request_and_keeps_the_connection()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> set = client.SetAsync("k", "value");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();
        await connection.ReadLineAsync();
        await connection.WriteAsync("SERVER_ERROR out of memory storing object\r\n");
        Assert.Equal(MemcacheStatus.Refused, (await set).Status);

        Task<MemcacheReply> get = client.GetAsync("k");
        Assert.Equal("mg k v c f t k O2", await connection.ReadLineAsync());
        await connection.WriteAsync("EN kk O2\r\n");

        Assert.Equal(MemcacheStatus.Miss, (await get).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_silent_server_is_unavailable_when_the_time_out_has_passed(bool blocking)
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host, options => options.OperationTimeout = TimeSpan.FromMilliseconds(50));
        Task<MemcacheReply> get = Task.Run(
            () => client.Node.GetAsync(MemcacheFixture.Key("k"), new MemcacheGet(true, 0), new CallContext(blocking, Token)).AsTask(), Token);
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();

        Assert.Equal(MemcacheFault.TimedOut, (await get).Fault);
        Assert.Null(await connection.ReadLineAsync());
    }

    [Fact]
    public async Task A_value_whose_memory_cannot_be_read_leaves_no_half_of_a_request_behind()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();
        using var memory = WatchedMemory.Unreadable(10);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.Node.SetAsync(
            MemcacheFixture.Key("k"), "H"u8.ToArray(), new ReadOnlySequence<byte>(memory.Memory), 0, 100, null, MemcacheFixture.Call).AsTask());

        Task<MemcacheReply> next = client.GetAsync("k");
        await connection.WriteAsync("EN kk O1\r\n");
        Assert.Equal("mg k v c f t k O3", await connection.ReadLineAsync());
        await connection.WriteAsync("EN kk O3\r\n");
        Assert.Equal((MemcacheStatus.Miss, MemcacheStatus.Miss), ((await get).Status, (await next).Status));
    }

    [Fact]
    public async Task A_value_that_the_server_cannot_hold_is_refused_before_it_is_sent()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();
        await connection.WriteAsync("EN kk O1\r\n");
        await get;

        long limit = client.Node.MaxValueBytes(MemcacheFixture.Key("k"));
        MemcacheReply refused = await client.SetAsync("k", new string('x', (int)limit));

        Assert.Equal(1_048_512, limit);
        Assert.Equal(MemcacheStatus.Refused, refused.Status);
    }

    [Fact]
    public async Task Misses_without_a_name_are_accepted_from_servers_that_do_not_name_them()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextGreetedAsync(Token, version: "1.6.15");
        await connection.ReadLineAsync();
        await connection.WriteAsync("EN\r\n");
        Task<MemcacheReply> set = client.SetAsync("k", "v");
        await connection.ReadLineAsync();
        await connection.ReadLineAsync();
        await connection.WriteAsync("HD  c7 kk   O2 \r\n");

        Assert.Equal(MemcacheStatus.Miss, (await get).Status);
        Assert.Equal(7ul, (await set).Token.Cas);
    }

    private static async Task<MemcacheReply> ReadUntilConnectedAsync(MemcacheFixture client)
    {
        while (true)
        {
            MemcacheReply reply = await client.GetAsync("k", lease: 10);
            if (reply.Status != MemcacheStatus.Unavailable)
            {
                return reply;
            }

            await Task.Yield();
        }
    }
}
