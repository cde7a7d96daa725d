using System.Globalization;
using System.Text;
using System.Threading.Channels;

namespace CascadeCache.TestKit.Servers;

/// <summary>The replies of one connection, from the memcached to the client.</summary>
internal sealed class MischiefPump(Stream server, Stream client, MischiefPlan plan)
{
    private const int Remembered = 64;
    private const int LongestDelay = 20;

    private static readonly TimeSpan WaitForNext = TimeSpan.FromMilliseconds(20);

    private readonly Channel<ReplyFrame> _frames = Channel.CreateUnbounded<ReplyFrame>();
    private readonly List<ReplyFrame> _sent = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Task reading = ReadAllAsync(cancellationToken);
        await foreach (ReplyFrame frame in _frames.Reader.ReadAllAsync(cancellationToken))
        {
            if (!frame.IsNumbered || plan.Next() is not { } mischief)
            {
                await SendAsync(frame, cancellationToken);
            }
            else if (!await DoAsync(mischief, frame, cancellationToken))
            {
                break;
            }
        }

        await reading;
    }

    private async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var buffered = new BufferedStream(server);
            while (await ReplyFrame.ReadAsync(buffered, cancellationToken) is { } frame)
            {
                _frames.Writer.TryWrite(frame);
            }
        }
        finally
        {
            _frames.Writer.TryComplete();
        }
    }

    /// <returns>False: the connection is to be closed.</returns>
    private async Task<bool> DoAsync(Mischief mischief, ReplyFrame frame, CancellationToken cancellationToken)
    {
        switch (mischief)
        {
            case Mischief.Half:
                await client.WriteAsync(HalfOf(frame), cancellationToken);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                return false;
            case Mischief.HalfAndClose:
                await client.WriteAsync(HalfOf(frame), cancellationToken);
                return false;
            case Mischief.Delay:
                await Task.Delay(TimeSpan.FromMilliseconds(plan.Pick(LongestDelay)), TimeProvider.System, cancellationToken);
                await SendAsync(frame, cancellationToken);
                return true;
            case Mischief.Swap or Mischief.Mix when await NextAsync(cancellationToken) is { } next:
                byte[] both = mischief == Mischief.Swap ? [.. next.Bytes, .. frame.Bytes] : Mixed(frame.Bytes, next.Bytes);
                await client.WriteAsync(both, cancellationToken);
                return true;
            default:
                await client.WriteAsync(Changed(mischief, frame), cancellationToken);
                return true;
        }
    }

    private byte[] Changed(Mischief mischief, ReplyFrame frame)
    {
        ReplyFrame[] others = [.. _sent.Where(f => f.Key != frame.Key && f.IsValue && f.Value.Length > 0)];
        ReplyFrame? other = others.Length > 0 ? others[plan.Pick(others.Length)] : null;
        return mischief switch
        {
            Mischief.Duplicate => [.. frame.Bytes, .. frame.Bytes],
            Mischief.Drop => [],
            Mischief.Invent => [.. (other ?? frame).Bytes, .. frame.Bytes],
            Mischief.OtherNumber => frame.WithNumber(NumberNear(frame)).Bytes,
            Mischief.OtherKey when other is not null => other.WithNumber(frame.Number!).Bytes,
            Mischief.OtherSize when frame.IsValue => frame.WithSize(Math.Max(0, frame.Value.Length - 8 + plan.Pick(17))).Bytes,
            Mischief.ForgeValue when other is not null && frame.Value.Length > 0 => frame.WithValue(other.Value).Bytes,
            Mischief.ShortenValue when frame.Value.Length > 0 => frame.WithValue(frame.Value[..plan.Pick(frame.Value.Length)]).Bytes,
            Mischief.ForgeValue or Mischief.ShortenValue => frame.Bytes, // there is no value to forge, or none to forge it from
            _ => [.. Encoding.Latin1.GetBytes($"X{plan.Pick(1000)}\r\n"), .. frame.Bytes],
        };
    }

    private string NumberNear(ReplyFrame frame) =>
        (long.Parse(frame.Number!, CultureInfo.InvariantCulture) + 1 + plan.Pick(3)).ToString(CultureInfo.InvariantCulture);

    private byte[] HalfOf(ReplyFrame frame) => frame.Bytes[..plan.Pick(frame.Bytes.Length)];

    private byte[] Mixed(byte[] one, byte[] other)
    {
        int cut = 1 + plan.Pick(one.Length - 1);
        int otherCut = 1 + plan.Pick(other.Length - 1);
        return [.. one[..cut], .. other[..otherCut], .. one[cut..], .. other[otherCut..]];
    }

    private async Task SendAsync(ReplyFrame frame, CancellationToken cancellationToken)
    {
        await client.WriteAsync(frame.Bytes, cancellationToken);
        _sent.Add(frame);
        if (_sent.Count > Remembered)
        {
            _sent.RemoveAt(0);
        }
    }

    private async Task<ReplyFrame?> NextAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(WaitForNext);
        try
        {
            return await _frames.Reader.ReadAsync(limit.Token);
        }
        catch (Exception e) when (e is ChannelClosedException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }
}
