using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Stress.Linearizability;

/// <summary>
/// Another user of the tiny memcached server, whose items are as large as the values of the run and push them out. Locks and placeholders are smaller: they lie in
/// other slab classes, where nothing is evicted; what the server says of that is in the report.
/// </summary>
internal static class Neighbour
{
    private const int ItemsAtOnce = 30;
    private const int Names = 100_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    // Beside the value an item has 63 bytes and its key; the cache's own have a header of 58 bytes and keys of about 14.
    private static readonly string Value = new('n', 656);

    public static async Task RunAsync(RealMemcached server, CancellationToken stopping)
    {
        int name = 0;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, server.Port, stopping);
                await using NetworkStream stream = client.GetStream();
                while (true)
                {
                    name = (name + ItemsAtOnce) % Names;
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(Items(name)), stopping);
                    await ReadLinesAsync(stream, ItemsAtOnce, stopping);
                    await Task.Delay(Pause, TimeProvider.System, stopping);
                }
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                await Task.Delay(Pause, TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the server is down; it will be started again
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static string Items(int first)
    {
        var text = new StringBuilder();
        for (int i = 0; i < ItemsAtOnce; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"ms neighbour.{first + i:000000} {Value.Length} T60\r\n{Value}\r\n");
        }

        return text.ToString();
    }

    private static async Task ReadLinesAsync(NetworkStream stream, int lines, CancellationToken stopping)
    {
        byte[] buffer = new byte[4096];
        while (lines > 0)
        {
            int read = await stream.ReadAsync(buffer, stopping);
            if (read == 0)
            {
                throw new IOException("The server has closed.");
            }

            lines -= buffer.AsSpan(0, read).Count((byte)'\n');
        }
    }
}
