using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CascadeCache.Contract.Tests.Protection;

/// <summary>Somebody with a connection of his own to memcached, who reads and writes what he likes.</summary>
internal sealed class MemcachedIntruder : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly NetworkStream _stream;

    public MemcachedIntruder(int port)
    {
        _client.Connect(IPAddress.Loopback, port);
        _stream = _client.GetStream();
    }

    /// <summary>What stands there.</summary>
    public async Task<byte[]> ReadAsync(string name)
    {
        await _stream.WriteAsync(Encoding.ASCII.GetBytes($"mg {name} v\r\n"), OutageToken);
        string line = await ReadLineAsync();
        Assert.StartsWith("VA ", line, StringComparison.Ordinal);
        byte[] item = new byte[int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)];
        await _stream.ReadExactlyAsync(item, OutageToken);
        await ReadLineAsync();
        return item;
    }

    /// <summary>Puts something in its place.</summary>
    public async Task PlantAsync(string name, byte[] item, uint flags = 1)
    {
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"ms {name} {item.Length} F{flags}\r\n"));
        await _stream.WriteAsync((byte[])[.. head, .. item, .. "\r\n"u8], OutageToken);
        Assert.Equal("HD", await ReadLineAsync());
    }

    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
    }

    private static CancellationToken OutageToken => TestContext.Current.CancellationToken;

    private async Task<string> ReadLineAsync()
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        while (true)
        {
            await _stream.ReadExactlyAsync(one, OutageToken);
            if (one[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)one[0]);
        }
    }
}
