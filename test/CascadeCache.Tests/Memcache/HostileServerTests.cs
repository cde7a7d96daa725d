using System.Text;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Connections;
using CascadeCache.Memcache.Protocol;
using CascadeCache.Memcache.Routing;
using CascadeCache.TestKit.Servers;

namespace CascadeCache.Tests.Memcache;

/// <summary>Servers that claim, repeat and trickle what no memcached does.</summary>
public sealed class HostileServerTests
{
    private const int Mebibyte = 1024 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("VA 3 c9 f0 t-1 kother kmine O1\r\nabc\r\n")]
    [InlineData("VA 3 c9 f0 t-1 kmine O2 O1\r\nabc\r\n")]
    [InlineData("VA 3 c9 c8 f0 t-1 kmine O1\r\nabc\r\n")]
    [InlineData("VA 3 s1 c9 f0 t-1 kmine O1\r\nabc\r\n")]
    [InlineData("VA 3 c9 f0 t-4294967291 kmine O1\r\nabc\r\n")]
    [InlineData("VA -1 c9 f0 t-1 kmine O1\r\nabc\r\n")]
    [InlineData("VA\r\n")]
    [InlineData("VA 9223372036854775808 c9 f0 t-1 kmine O1\r\nabc\r\n")]
    [InlineData("VA 3 c18446744073709551616 f0 t-1 kmine O1\r\nabc\r\n")]
    [InlineData("VA 3 c9 f4294967296 t-1 kmine O1\r\nabc\r\n")]
    [InlineData("VA 2000000000 c9 f0 t-1 kmine O1\r\nabc\r\n")]
    public async Task A_reply_that_contradicts_itself_or_any_measure_closes_the_connection(string reply)
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("mine");
        ScriptedConnection connection = await GreetAsync(server, "STAT item_size_max 9999999999999\r\n", "STAT uptime 1000\r\n");
        await connection.ReadLineAsync();

        await connection.WriteAsync(reply);

        Assert.Equal(MemcacheFault.Violation, (await get).Fault);
        Assert.Null(await connection.ReadLineAsync());
    }

    [Fact]
    public async Task A_base64_key_longer_than_any_key_is_nobodys()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("mine");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();

        await connection.WriteAsync($"EN k{Convert.ToBase64String(new byte[2000])} b O1\r\n");

        Assert.Equal(MemcacheFault.Violation, (await get).Fault);
    }

    [Fact]
    public async Task A_size_limit_beyond_what_memcached_can_have_is_not_believed()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await GreetAsync(server, "STAT item_size_max 9999999999999\r\n", "");
        await connection.ReadLineAsync();
        await connection.WriteAsync("EN kk O1\r\n");
        await get;

        Assert.InRange(client.Node.MaxValueBytes(MemcacheFixture.Key("k")), 1, 1024L * Mebibyte);
    }

    [Fact]
    public async Task An_age_and_a_clock_that_are_no_times_are_taken_as_not_told()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> set = client.SetAsync("k", "v", seconds: int.MaxValue);
        ScriptedConnection connection = await GreetAsync(server, "", "STAT uptime 922337203685\r\nSTAT time 9223372036854775807\r\n");
        await connection.ReadLineAsync();
        await connection.ReadLineAsync();
        await connection.WriteAsync("HD c1 kk O1\r\n");
        Assert.Equal(MemcacheStatus.Done, (await set).Status);
        Assert.Equal(TimeSpan.Zero, client.Node.MinimumServerAge);

        // More than 30 days go as a time on the server's clock.
        Task<MemcacheReply> later = client.SetAsync("k", "v", seconds: 31 * 24 * 60 * 60);
        Assert.StartsWith("ms k 2 T1", await connection.ReadLineAsync(), StringComparison.Ordinal);
        await connection.ReadLineAsync();
        await connection.WriteAsync("HD c2 kk O2\r\n");
        Assert.Equal(MemcacheStatus.Done, (await later).Status);
    }

    [Theory]
    [InlineData("STAT a b\r\n")]
    [InlineData("\r\n")]
    public async Task Statistics_without_an_end_are_not_read_for_ever(string line)
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextConnectionAsync(Token);
        await connection.ExpectAsync("version", "VERSION 1.6.18\r\n");
        await connection.ExpectAsync("mn", "MN\r\n");
        await connection.ExpectAsync("stats settings", string.Concat(Enumerable.Repeat(line, Handshake.MaxStatistics)));

        MemcacheReply reply = await get;

        Assert.Equal(MemcacheFault.NotConnected, reply.Fault);
        Assert.Contains("did not end within 10000 lines", reply.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_trickles_a_value_does_not_hold_the_others_up_for_ever()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host, static options => options.OperationTimeout = TimeSpan.FromMilliseconds(100));
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();
        await connection.WriteAsync("VA 2000 c9 f0 t-1 kk O1\r\n");
        while (!get.IsCompleted)
        {
            try
            {
                await connection.WriteAsync("x");
            }
            catch (IOException)
            {
                break; // the client has closed
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Token);
        }

        Assert.Equal(MemcacheFault.TimedOut, (await get).Fault);
    }

    [Fact]
    public void What_a_header_claims_costs_no_memory_before_it_arrives()
    {
        var scanner = new ReplyScanner(new MemoryStream(new byte[100]), TimeProvider.System);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<EndOfStreamException>(() => scanner.ReadValue(1024 * Mebibyte));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * Mebibyte);
    }

    [Theory]
    [InlineData(Mebibyte)]
    [InlineData(Mebibyte + 1)]
    [InlineData((3 * Mebibyte) + 7)]
    public void A_large_value_is_whole_however_its_memory_grew(int size)
    {
        byte[] sent = new byte[size + 2];
        new Random(1).NextBytes(sent);
        "\r\n"u8.CopyTo(sent.AsSpan(size));
        var scanner = new ReplyScanner(new MemoryStream(sent), TimeProvider.System);

        using ReceivedValue value = scanner.ReadValue(size);

        Assert.Equal(size, value.Memory.Length);
        Assert.True(value.Memory.Span.SequenceEqual(sent.AsSpan(0, size)));
    }

    [Theory]
    [InlineData(ReplyScanner.MaxLine, true)]
    [InlineData(ReplyScanner.MaxLine + 1, false)]
    public void A_lines_length_counts_whether_or_not_its_end_is_already_there(int length, bool isLine)
    {
        byte[] bytes = [.. Enumerable.Repeat((byte)'x', length), (byte)'\n'];
        var scanner = new ReplyScanner(new MemoryStream(bytes), TimeProvider.System);

        Assert.Equal(isLine, Record.Exception(() => { scanner.ReadLine(); }) is null);
    }

    [Fact]
    public void Hundreds_of_servers_fit_into_a_discovery_endpoints_answer()
    {
        string list = string.Join(' ', Enumerable.Range(0, 300).Select(static i => $"node-{i:D4}.cluster.cache.example.com|10.0.{i / 250}.{i % 250}|11211"));
        var scanner = new ReplyScanner(new MemoryStream(Encoding.ASCII.GetBytes($"CONFIG cluster 0 1\r\n1\n{list}\n\r\nEND\r\n")), TimeProvider.System);

        Assert.Equal(300, ClusterDiscovery.Read(new MemcacheServerAddress("e", 1), scanner).Count);
    }

    [Theory]
    [InlineData("a||0")]
    [InlineData("a||65536")]
    [InlineData("a||-1")]
    [InlineData("|[::1]|11211")]
    [InlineData("|ho/st|11211")]
    [InlineData("||11211")]
    public void A_discovered_server_that_could_not_be_configured_is_refused(string server)
    {
        MemcacheException error = Assert.Throws<MemcacheException>(
            () => ClusterDiscovery.Parse(new MemcacheServerAddress("e", 1), ["CONFIG cluster 0 1", "1", "b||1 " + server]));

        Assert.Contains(server, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_answer_is_shown_in_part() =>
        Assert.InRange(
            Assert.Throws<MemcacheException>(() => ClusterDiscovery.Parse(new MemcacheServerAddress("e", 1), [new string('x', 30_000)])).Message.Length, 1, 400);

    private static async Task<ScriptedConnection> GreetAsync(ScriptedServer server, string settings, string general)
    {
        ScriptedConnection connection = await server.NextConnectionAsync(Token);
        await connection.ExpectAsync("version", "VERSION 1.6.18\r\n");
        await connection.ExpectAsync("mn", "MN\r\n");
        await connection.ExpectAsync("stats settings", settings + "END\r\n");
        await connection.ExpectAsync("stats", general + "END\r\n");
        return connection;
    }
}
