using System.Buffers;
using CascadeCache.Primitives;

namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// Cuts the byte stream into lines and values. The only one that knows about partial data, and about nothing else. Used by the connection's own thread, which disposes it; values
/// that are still lent then stay valid.
/// </summary>
/// <param name="stream">What is read; stays the giver's.</param>
/// <param name="time">The clock.</param>
/// <param name="pool">Where memory comes from; null: the shared pool.</param>
internal sealed class ReplyScanner(Stream stream, TimeProvider time, ArrayPool<byte>? pool = null) : IDisposable
{
    /// <summary>The longest line that is still a reply, a CR at its end included; more is another protocol.</summary>
    public const int MaxLine = 4096;

    /// <summary>The longest line that can be asked for at all.</summary>
    public const int LongestLine = (32 * 1024) - 1;

    /// <summary>A larger value gets memory of its own, into which the socket's bytes go directly: in the buffer it would crowd out the replies behind it.</summary>
    public const int LargestLent = 16 * 1024;

    private const int LineEnd = 2;

    // Less room than this at the end of a block is left unused: so many calls of the socket would read so little.
    private const int LeastRoom = 4096;

    // What a header claims is not yet there: a larger value's memory grows as its bytes arrive, so that a false claim costs no more than this.
    private const int FirstReservation = 1024 * 1024;

    private readonly ArrayPool<byte> _pool = pool ?? ArrayPool<byte>.Shared;
    private ReceiveBlock _block = new(pool ?? ArrayPool<byte>.Shared);
    private int _start;
    private int _end;
    private long _lastRead = time.GetTimestamp();

    /// <summary>When the server last sent anything.</summary>
    public long LastReadAt => Volatile.Read(ref _lastRead);

    /// <summary>Called when what is here is read, and the rest of a reply has to be waited for.</summary>
    public Action? Waiting { get; set; }

    /// <summary>Whether there is a whole line, for which nothing has to be waited for.</summary>
    public bool HasLine => _block.Bytes[_start.._end].Contains((byte)'\n');

    /// <summary>The next line without its end; valid until the next call.</summary>
    /// <param name="limit">How long it may be; at most <see cref="LongestLine"/>.</param>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    /// <exception cref="InvalidDataException">No line end within the limit.</exception>
    public ReadOnlySpan<byte> ReadLine(int limit = MaxLine)
    {
        int scanned = 0;
        while (true)
        {
            int found = _block.Bytes[(_start + scanned).._end].IndexOf((byte)'\n');
            int length = found < 0 ? _end - _start : scanned + found;

            // Whether or not its end is here already: what a line may be must not depend on how the network cut it.
            if (length > limit)
            {
                throw new InvalidDataException($"no line end within {limit} bytes");
            }

            if (found >= 0)
            {
                ReadOnlySpan<byte> line = _block.Bytes.Slice(_start, length);
                _start += length + 1;
                return line is [.. var text, (byte)'\r'] ? text : line;
            }

            scanned = length;
            Fill(length + 1);
        }
    }

    /// <summary>The next <paramref name="size"/> bytes, which CR LF must follow: a small value where it was received, a larger one in memory of its own.</summary>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    /// <exception cref="InvalidDataException">Something else follows.</exception>
    public ReceivedValue ReadValue(int size)
    {
        if (size == 0)
        {
            ReadLineEnd(size);
            return default;
        }

        return size <= LargestLent ? LendValue(size) : ReadLargeValue(size);
    }

    public void Dispose() => _block.Leave();

    private ReceivedValue LendValue(int size)
    {
        if (!_block.CanLend)
        {
            MoveToNewBlock();
        }

        while (_end - _start < size + LineEnd)
        {
            Fill(size + LineEnd);
        }

        int start = _start;
        _start += size;
        ReadLineEnd(size);
        return _block.Lend(start, size);
    }

    private ReceivedValue ReadLargeValue(int size)
    {
        var value = new PooledBytes(_pool, Math.Min(size, FirstReservation));
        bool isWhole = false;
        try
        {
            ReadExactly(value.Memory.Span);
            while (value.Memory.Length < size)
            {
                int arrived = value.Memory.Length;
                value.Grow((int)Math.Min(size, arrived * 2L));
                ReadExactly(value.Memory.Span[arrived..]);
            }

            ReadLineEnd(size);
            isWhole = true;
            return new ReceivedValue(value.Memory, new Loan(value));
        }
        finally
        {
            if (!isWhole)
            {
                value.Dispose();
            }
        }
    }

    private void ReadLineEnd(int size)
    {
        Span<byte> end = stackalloc byte[LineEnd];
        ReadExactly(end);
        if (!end.SequenceEqual("\r\n"u8))
        {
            throw new InvalidDataException($"no line end after a value of {size} bytes");
        }
    }

    private void ReadExactly(Span<byte> destination)
    {
        int buffered = Math.Min(destination.Length, _end - _start);
        _block.Bytes.Slice(_start, buffered).CopyTo(destination);
        _start += buffered;
        for (Span<byte> rest = destination[buffered..]; !rest.IsEmpty;)
        {
            rest = rest[ReadSome(rest)..];
        }
    }

    /// <summary>Reads more, with room for <paramref name="needed"/> bytes from the start of what is here.</summary>
    private void Fill(int needed)
    {
        if (_start == _end && _block.CanStartAgain)
        {
            (_start, _end) = (0, 0);
        }
        else if (_start + needed > ReceiveBlock.Size || _end > ReceiveBlock.Size - LeastRoom)
        {
            MoveToNewBlock();
        }

        _end += ReadSome(_block.Bytes[_end..]);
    }

    // What is here of an unfinished line or value is copied; that is less than one of them in a whole block.
    private void MoveToNewBlock()
    {
        var next = new ReceiveBlock(_pool);
        Span<byte> rest = _block.Bytes[_start.._end];
        rest.CopyTo(next.Bytes);
        (_start, _end) = (0, rest.Length);
        _block.Leave();
        _block = next;
    }

    private int ReadSome(Span<byte> destination)
    {
        Waiting?.Invoke();
        int read = stream.Read(destination);
        if (read == 0)
        {
            throw new EndOfStreamException("the server closed the connection");
        }

        Volatile.Write(ref _lastRead, time.GetTimestamp());
        return read;
    }
}
