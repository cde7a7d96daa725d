using CascadeCache.Memcache;
using CascadeCache.TestKit.Servers;

namespace CascadeCache.Tests.Memcache;

/// <summary>Servers that cannot be used are refused when they are connected to, with a message that says why.</summary>
public sealed class HandshakeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n", "it is not a memcached server")]
    [InlineData("-ERR unknown command\r\n", "it is not a memcached server")]
    [InlineData("VERSION 1.5.16\r\n", "1.6.13 or newer is needed")]
    [InlineData("VERSION 1.6.12\r\n", "1.6.13 or newer is needed")]
    [InlineData("VERSION soon\r\n", "1.6.13 or newer is needed")]
    [InlineData("CLIENT_ERROR unauthenticated\r\n", "UserName and Password")]
    [InlineData("ERROR Too many open connections\r\n", "too many connections")]
    public async Task An_unusable_answer_to_version_is_refused(string answer, string expected)
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextConnectionAsync(Token);
        await connection.ExpectAsync("version", answer);

        MemcacheReply reply = await get;

        Assert.Equal(MemcacheFault.NotConnected, reply.Fault);
        Assert.False(reply.MaybeExecuted);
        Assert.Contains(expected, reply.Error!.Message, StringComparison.Ordinal);
        Assert.Contains(server.Host, reply.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_the_meta_protocol_is_refused()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextConnectionAsync(Token);
        await connection.ExpectAsync("version", "VERSION 1.6.18\r\n");
        await connection.ExpectAsync("mn", "ERROR\r\n");

        Assert.Contains("meta protocol", (await get).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_compare_and_set_is_refused()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextConnectionAsync(Token);
        await connection.ExpectAsync("version", "VERSION 1.6.18\r\n");
        await connection.ExpectAsync("mn", "MN\r\n");
        await connection.ExpectAsync("stats settings", "STAT cas_enabled no\r\nEND\r\n");

        Assert.Contains("-C", (await get).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_password_is_proved_before_anything_else_and_its_refusal_names_only_the_user()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host, options => (options.UserName, options.Password) = ("ann", "secret"));
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextConnectionAsync(Token);
        Assert.Equal("set auth 0 0 10", await connection.ReadLineAsync());
        await connection.ExpectAsync("ann secret", "CLIENT_ERROR authentication failure\r\n");

        string message = (await get).Error!.Message;

        Assert.Contains("'ann'", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_forbids_statistics_is_used_and_its_age_is_unknown()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host);
        Task<MemcacheReply> get = client.GetAsync("k");
        ScriptedConnection connection = await server.NextConnectionAsync(Token);
        await connection.ExpectAsync("version", "VERSION 1.6.22-vendor\r\n");
        await connection.ExpectAsync("mn", "MN\r\n");
        await connection.ExpectAsync("stats settings", "CLIENT_ERROR not allowed\r\n");
        await connection.ExpectAsync("stats", "ERROR\r\n");
        await connection.ReadLineAsync();
        await connection.WriteAsync("EN kk O1\r\n");

        Assert.Equal(MemcacheStatus.Miss, (await get).Status);
        Assert.Equal(TimeSpan.Zero, client.Node.MinimumServerAge);
        Assert.Equal(new Version(1, 6, 22), client.Node.ServerVersion);
    }

    [Fact]
    public async Task A_server_that_never_greets_is_given_up_after_the_connect_time_out()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host, options => options.ConnectTimeout = TimeSpan.FromMilliseconds(50));

        MemcacheReply reply = await client.GetAsync("k");

        Assert.Equal(MemcacheFault.NotConnected, reply.Fault);
        Assert.Contains("no greeting", reply.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.6.18", 1, 6, 18)]
    [InlineData("1.6.38_beta", 1, 6, 38)]
    [InlineData("1.6.22-aws.3", 1, 6, 22)]
    public void A_version_is_read_with_whatever_a_vendor_adds(string text, int major, int minor, int patch) =>
        Assert.Equal(new Version(major, minor, patch), MemcacheServerInfo.ParseVersion(text));
}
