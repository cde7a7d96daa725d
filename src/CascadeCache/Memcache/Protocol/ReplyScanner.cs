using System.Buffers;

namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// Cuts the byte stream into lines and values. The only one that knows about partial data, and about nothing else. Used by the connection's own thread.
/// </summary>
internal sealed class ReplyScanner(Stream stream, TimeProvider time)
{
    /// <summary>The longest line that is still a reply, a CR at its end included; more is another protocol.</summary>
    public const int MaxLine = 4096;

    /// <summary>The longest line that can be asked for at all.</summary>
    public const int LongestLine = BufferSize - 1;

    private const int BufferSize = 32 * 1024;

    // What a header claims is not yet there: a larger value's memory grows as its bytes arrive, so that a false claim costs no more than this.
    private const int FirstReservation = 1024 * 1024;

    private readonly byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _end;
    private long _lastRead = time.GetTimestamp();

    /// <summary>When the server last sent anything.</summary>
    public long LastReadAt => Volatile.Read(ref _lastRead);

    /// <summary>The next line without its end; valid until the next call.</summary>
    /// <param name="limit">How long it may be; at most <see cref="LongestLine"/>.</param>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    /// <exception cref="InvalidDataException">No line end within the limit.</exception>
    public ReadOnlySpan<byte> ReadLine(int limit = MaxLine)
    {
        int scanned = 0;
        while (true)
        {
            int found = _buffer.AsSpan(_start + scanned, _end - _start - scanned).IndexOf((byte)'\n');
            int length = found < 0 ? _end - _start : scanned + found;

            // Whether or not its end is here already: what a line may be must not depend on how the network cut it.
            if (length > limit)
            {
                throw new InvalidDataException($"no line end within {limit} bytes");
            }

            if (found >= 0)
            {
                ReadOnlySpan<byte> line = _buffer.AsSpan(_start, length);
                _start += length + 1;
                return line is [.. var text, (byte)'\r'] ? text : line;
            }

            scanned = length;
            Fill();
        }
    }

    /// <summary>The next <paramref name="size"/> bytes, which CR LF must follow, in memory of their own.</summary>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    /// <exception cref="InvalidDataException">Something else follows.</exception>
    public PooledValue ReadValue(int size)
    {
        var value = new PooledValue(Math.Min(size, FirstReservation));
        bool isWhole = false;
        try
        {
            ReadExactly(value.Memory.Span);
            while (value.Size < size)
            {
                int arrived = value.Size;
                value.Grow((int)Math.Min(size, arrived * 2L));
                ReadExactly(value.Memory.Span[arrived..]);
            }

            Span<byte> end = stackalloc byte[2];
            ReadExactly(end);
            isWhole = end.SequenceEqual("\r\n"u8);
        }
        finally
        {
            if (!isWhole)
            {
                value.Dispose();
            }
        }

        return isWhole ? value : throw new InvalidDataException($"no line end after a value of {size} bytes");
    }

    private void ReadExactly(Span<byte> destination)
    {
        int buffered = Math.Min(destination.Length, _end - _start);
        _buffer.AsSpan(_start, buffered).CopyTo(destination);
        _start += buffered;
        for (Span<byte> rest = destination[buffered..]; !rest.IsEmpty;)
        {
            rest = rest[ReadSome(rest)..];
        }
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        _end += ReadSome(_buffer.AsSpan(_end));
    }

    private int ReadSome(Span<byte> destination)
    {
        int read = stream.Read(destination);
        if (read == 0)
        {
            throw new EndOfStreamException("the server closed the connection");
        }

        Volatile.Write(ref _lastRead, time.GetTimestamp());
        return read;
    }
}

/// <summary>A value in memory of the shared pool; given back by <see cref="Dispose"/>, once.</summary>
internal sealed class PooledValue(int size) : IDisposable
{
    private byte[]? _array = ArrayPool<byte>.Shared.Rent(size);

    public int Size { get; private set; } = size;

    public Memory<byte> Memory => (_array ?? throw new ObjectDisposedException(nameof(PooledValue))).AsMemory(0, Size);

    /// <summary>Moves what is there into more memory. Only for the one who made it, before anybody else has it.</summary>
    public void Grow(int size)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(size);
        Memory.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_array!);
        (_array, Size) = (larger, size);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
