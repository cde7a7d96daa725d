using System.Net;
using System.Net.Sockets;

namespace CascadeCache.TestKit.Servers;

/// <summary>One connection through a <see cref="FaultProxy"/>.</summary>
internal sealed class ProxiedConnection(Socket client, ProxiedDirection toServer, ProxiedDirection toClient) : IDisposable
{
    private const int PieceBytes = 64 * 1024;

    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Connects to the server and passes bytes until both sides have closed or one is lost. Never fails.</summary>
    public async Task RunAsync(int targetPort, CancellationToken stopping)
    {
        try
        {
            client.NoDelay = true;
            await _server.ConnectAsync(IPAddress.Loopback, targetPort, stopping);
        }
        catch (Exception e) when (IsEnd(e))
        {
            return;
        }

        await Task.WhenAll(PassAsync(client, _server, toServer, stopping), PassAsync(_server, client, toClient, stopping));
    }

    /// <summary>Ends both halves at once, with RST. Any thread; more than once is no error.</summary>
    public void Dispose()
    {
        foreach (Socket socket in (Socket[])[client, _server])
        {
            try
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            catch (Exception e) when (IsEnd(e))
            {
                // Closed already.
            }

            socket.Dispose();
        }
    }

    private async Task PassAsync(Socket from, Socket to, ProxiedDirection direction, CancellationToken stopping)
    {
        byte[] piece = new byte[PieceBytes];
        try
        {
            while (await from.ReceiveAsync(piece, stopping) is > 0 and int read)
            {
                int left = await direction.SpoilAsync(piece.AsMemory(0, read), stopping);
                for (int sent = 0; sent < left;)
                {
                    sent += await to.SendAsync(piece.AsMemory(sent, left - sent), stopping);
                }
            }

            // What one side sent before it closed has been passed on; the other side learns of the end like this.
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (IsEnd(e))
        {
            Dispose();
        }
    }

    private static bool IsEnd(Exception e) => e is SocketException or ObjectDisposedException or OperationCanceledException;
}
