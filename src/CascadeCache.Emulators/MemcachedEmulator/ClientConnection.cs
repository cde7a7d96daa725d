using System.Net.Sockets;

namespace CascadeCache.Emulators.Memcached;

/// <summary>
/// One client: one task reads, runs what is complete, and sends the replies in order before it reads on. A client that does not
/// read its replies is therefore not read from either, and never holds more than the two buffers and one data block.
/// </summary>
internal sealed class ClientConnection(Socket socket, CommandContext context)
{
    private const int ReadBufferSize = 16 * 1024;
    private const int LongestLine = 2048;
    private const int LongestGetLine = 1024 * 1024;
    private const int SendFrom = 64 * 1024;

    private byte[] _buffer = new byte[ReadBufferSize];
    private int _start;
    private int _end;

    /// <summary>Serves until the client leaves, misbehaves, or the token is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!context.Closing)
        {
            PrepareToRead();
            var read = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return;
            }

            _end += read;
            while (!context.Closing && Step())
            {
                if (context.Replies.Length >= SendFrom)
                {
                    await SendAsync(cancellationToken).ConfigureAwait(false);
                }
            }

            await SendAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Consumes the next piece of input; false when it is not complete yet.</summary>
    private bool Step()
    {
        if (_start == _end)
        {
            return false;
        }

        if (context.Swallow > 0)
        {
            var skipped = (int)Math.Min(context.Swallow, _end - _start);
            context.Swallow -= skipped;
            _start += skipped;
            return true;
        }

        return context.Pending is { } pending ? StepBlock(pending) : StepLine();
    }

    private bool StepBlock(PendingStore pending)
    {
        _start += pending.Take(_buffer.AsSpan(_start, _end - _start));
        if (pending.IsComplete)
        {
            context.Pending = null;
            CommandDispatcher.FinishStore(context, pending);
        }

        return true;
    }

    private bool StepLine()
    {
        var input = _buffer.AsSpan(_start, _end - _start);
        var newline = input.IndexOf((byte)'\n');
        if (newline < 0)
        {
            context.Closing = IsTooLong(input);
            return false;
        }

        var length = newline > 1 && input[newline - 1] == '\r' ? newline - 1 : newline;
        CommandDispatcher.RunLine(context, _buffer, _start, length);
        _start += newline + 1;
        return true;
    }

    // A fetch of many keys may be long; any other line of this size means that client and server are out of step.
    private static bool IsTooLong(ReadOnlySpan<byte> input)
    {
        if (input.Length <= LongestLine)
        {
            return false;
        }

        var text = input.TrimStart((byte)' ');
        var isGet = text.StartsWith("get "u8) || text.StartsWith("gets "u8);
        return !isGet || input.Length - text.Length > 100 || input.Length > LongestGetLine;
    }

    private void PrepareToRead()
    {
        if (_start == _end)
        {
            _start = _end = 0;
            if (_buffer.Length > ReadBufferSize)
            {
                _buffer = new byte[ReadBufferSize];
            }
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        var unsent = context.Replies.Written;
        while (!unsent.IsEmpty)
        {
            unsent = unsent[await socket.SendAsync(unsent, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
        }

        context.Replies.Clear();
    }
}
