using System.Net;
using System.Net.Sockets;
using System.Text;
using CascadeCache.TestKit.Servers;

namespace CascadeCache.Consistency.Tests.Linearizability;

/// <summary>The proxy does to a connection what it is told to, and nothing when it is told nothing.</summary>
public sealed class FaultProxyTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_pass_both_ways_and_so_does_the_end()
    {
        await using var server = new ScriptedServer();
        await using var proxy = new FaultProxy(PortOf(server));
        using TcpClient client = await ConnectAsync(proxy);
        ScriptedConnection connection = await server.NextConnectionAsync(Token);

        await client.GetStream().WriteAsync("question\r\n"u8.ToArray(), Token);
        await connection.ExpectAsync("question", "answer\r\n");

        Assert.Equal("answer\r\n", await ReadAsync(client, 8));
        connection.Dispose();
        Assert.Equal("", await ReadAsync(client, 1));
    }

    [Fact]
    public async Task Lost_bytes_are_missing_in_the_middle()
    {
        await using var server = new ScriptedServer();
        await using var proxy = new FaultProxy(PortOf(server));
        using TcpClient client = await ConnectAsync(proxy);
        ScriptedConnection connection = await server.NextConnectionAsync(Token);

        proxy.ToClient.Drop(3, after: 2);
        await connection.WriteAsync("0123456789");

        Assert.Equal("0156789", await ReadAsync(client, 7));
        Assert.Equal(3, proxy.ToClient.Dropped);
        await connection.WriteAsync("abc");
        Assert.Equal("abc", await ReadAsync(client, 3));
    }

    [Fact]
    public async Task Held_bytes_arrive_late_and_whole()
    {
        await using var server = new ScriptedServer();
        await using var proxy = new FaultProxy(PortOf(server));
        using TcpClient client = await ConnectAsync(proxy);
        ScriptedConnection connection = await server.NextConnectionAsync(Token);

        proxy.ToServer.Hold();
        await client.GetStream().WriteAsync("question\r\n"u8.ToArray(), Token);
        Task<string?> line = connection.ReadLineAsync();
        await connection.WriteAsync("other way"); // is not held
        Assert.Equal("other way", await ReadAsync(client, 9));
        Assert.False(line.IsCompleted);
        proxy.ToServer.Release();

        Assert.Equal("question", await line.WaitAsync(Limit, TimeProvider.System, Token));
    }

    [Fact]
    public async Task A_cut_ends_what_is_open_and_lets_nothing_new_through()
    {
        await using var server = new ScriptedServer();
        await using var proxy = new FaultProxy(PortOf(server));
        using TcpClient client = await ConnectAsync(proxy);
        ScriptedConnection connection = await server.NextConnectionAsync(Token);

        proxy.IsCut = true;
        Assert.Equal("", await ReadAsync(client, 1));
        Assert.Null(await connection.ReadLineAsync());
        Assert.Equal("", await ConnectAndReadAsync(proxy));

        proxy.IsCut = false;
        using TcpClient again = await ConnectAsync(proxy);
        ScriptedConnection second = await server.NextConnectionAsync(Token);
        await second.WriteAsync("x");
        Assert.Equal("x", await ReadAsync(again, 1));
    }

    private static int PortOf(ScriptedServer server) => IPEndPoint.Parse(server.Host).Port;

    private static async Task<TcpClient> ConnectAsync(FaultProxy proxy)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, proxy.Port, Token);
        return client;
    }

    // The reset may come before the client knows that it is connected.
    private static async Task<string> ConnectAndReadAsync(FaultProxy proxy)
    {
        try
        {
            using TcpClient client = await ConnectAsync(proxy);
            return await ReadAsync(client, 1);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    /// <summary>So many bytes, or fewer when the connection ends before.</summary>
    private static async Task<string> ReadAsync(TcpClient client, int count)
    {
        byte[] bytes = new byte[count];
        int length = 0;
        try
        {
            while (length < count && await client.GetStream().ReadAsync(bytes.AsMemory(length), Token) is > 0 and int read)
            {
                length += read;
            }
        }
        catch (IOException)
        {
            // A reset is an end as well.
        }

        return Encoding.Latin1.GetString(bytes, 0, length);
    }
}
