using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace CascadeCache.TestKit.Servers;

/// <summary>What a <see cref="HostileServer"/> says on one connection. Ends when the connection is to be closed, or throws when it is.</summary>
internal static class HostileScripts
{
    private static readonly byte[] Garbage = [0x00, 0xff, 0x0a, 0x80, .. "VA x\r\n"u8, 0xc0, 0x0d, 0x0a];
    private static readonly TimeSpan Drip = TimeSpan.FromMilliseconds(20);

    // RFC 9113, section 6: length, type, flags, stream. The headers are ":status: 200" and "content-type: application/grpc" (RFC 7541, appendix A).
    private static readonly byte[] Settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    private static readonly byte[] SettingsAcknowledged = [0, 0, 0, 4, 1, 0, 0, 0, 0];
    private static readonly byte[] AnswerHeaders = [0x88, 0x0f, 0x10, 16, .. "application/grpc"u8];

    public static Task RunAsync(HostileBehaviour behaviour, Stream stream, CancellationToken token) => behaviour switch
    {
        HostileBehaviour.Silent => ReadForEverAsync(stream, token),
        HostileBehaviour.Garbage => AnswerAlwaysAsync(stream, Garbage, token),
        HostileBehaviour.Http1 => AnswerOnceAsync(stream, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), token),
        HostileBehaviour.TlsOnly => AnswerOnceAsync(stream, [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0a], token),
        HostileBehaviour.GrpcHeadersOnly => SendGrpcHeadersAsync(stream, token),
        _ => GreetAsync(behaviour, stream, token),
    };

    private static async Task ReadForEverAsync(Stream stream, CancellationToken token)
    {
        byte[] buffer = new byte[4096];
        while (await stream.ReadAsync(buffer, token) > 0)
        {
            // Nothing is ever answered.
        }
    }

    private static async Task AnswerAlwaysAsync(Stream stream, byte[] answer, CancellationToken token)
    {
        byte[] buffer = new byte[4096];
        while (await stream.ReadAsync(buffer, token) > 0)
        {
            await stream.WriteAsync(answer, token);
        }
    }

    private static async Task AnswerOnceAsync(Stream stream, byte[] answer, CancellationToken token)
    {
        await stream.ReadExactlyAsync(new byte[1], token);
        await stream.WriteAsync(answer, token);
    }

    private static async Task GreetAsync(HostileBehaviour behaviour, Stream stream, CancellationToken token)
    {
        using var lines = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        while (await lines.ReadLineAsync(token) is { } line)
        {
            string? greeting = line switch
            {
                "version" => "VERSION 1.6.18\r\n",
                "mn" => "MN\r\n",
                "stats settings" => "STAT item_size_max 1048576\r\nSTAT cas_enabled yes\r\nEND\r\n",
                "stats" => "STAT pid 1\r\nSTAT uptime 100000\r\nEND\r\n",
                _ => null,
            };
            if (greeting is not null)
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes(greeting), token);
            }
            else if (!await AnswerAsync(behaviour, stream, line, token))
            {
                return;
            }
        }
    }

    /// <returns>False: the connection is to be closed.</returns>
    private static async Task<bool> AnswerAsync(HostileBehaviour behaviour, Stream stream, string request, CancellationToken token)
    {
        switch (behaviour)
        {
            case HostileBehaviour.GreetAndClose:
                return false;
            case HostileBehaviour.GreetAndAnswerGarbage:
                await stream.WriteAsync(Garbage, token);
                return true;
            case HostileBehaviour.GreetAndAnswerHalf:
                await stream.WriteAsync(Encoding.Latin1.GetBytes(HeadOf(request, size: 100) + "half of it"), token);
                return true;
            case HostileBehaviour.GreetAndTrickle:
                await stream.WriteAsync(Encoding.Latin1.GetBytes(HeadOf(request, size: 1_000_000)), token);
                while (true)
                {
                    await stream.WriteAsync("x"u8.ToArray(), token);
                    await Task.Delay(Drip, TimeProvider.System, token);
                }

            default:
                return true;
        }
    }

    // The head of a value that is right for the request: its key and its number.
    private static string HeadOf(string request, int size)
    {
        string[] words = request.Split(' ');
        string opaque = Array.Find(words, static word => word.StartsWith('O')) ?? "";
        return string.Create(CultureInfo.InvariantCulture, $"VA {size} c9 f0 t-1 k{words[1]} {opaque}\r\n");
    }

    private static async Task SendGrpcHeadersAsync(Stream stream, CancellationToken token)
    {
        await stream.ReadExactlyAsync(new byte["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".Length], token);
        await stream.WriteAsync(Settings, token);
        byte[] frame = new byte[9];
        while (true)
        {
            await stream.ReadExactlyAsync(frame, token);
            int length = BinaryPrimitives.ReadInt32BigEndian(frame) >> 8;
            await stream.ReadExactlyAsync(new byte[length], token);
            byte[] answer = (frame[3], frame[4]) switch
            {
                (1, _) => [0, 0, (byte)AnswerHeaders.Length, 1, 4, .. frame.AsSpan(5), .. AnswerHeaders],
                (4, 0) => SettingsAcknowledged,
                _ => [],
            };
            await stream.WriteAsync(answer, token);
        }
    }
}
