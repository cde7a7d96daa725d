namespace CascadeCache.Fuzz.Targets;

/// <summary>What a server sends, in the pieces in which the network delivers it; what is written to it is thrown away.</summary>
/// <param name="bytes">All that the server sends before it closes.</param>
/// <param name="isCut">Whether a piece ends before the byte at this offset.</param>
internal sealed class CutStream(ReadOnlyMemory<byte> bytes, Func<int, bool> isCut) : Stream
{
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Ways to cut: not at all, at every byte, and at a few places or at each single one of a short input.</summary>
    public static IEnumerable<Func<int, bool>> Ways(ReadOnlyMemory<byte> bytes)
    {
        const int Short = 48;
        const int Few = 3;
        yield return static _ => false;
        yield return static _ => true;
        int length = bytes.Length;
        if (length <= Short)
        {
            for (int i = 1; i < length; i++)
            {
                int place = i;
                yield return offset => offset == place;
            }

            yield break;
        }

        // Chosen by the input itself, so that the same one is always cut the same way.
        var hash = default(HashCodeOf);
        hash.Add(bytes.Span);
        for (int i = 0; i < Few; i++)
        {
            int first = hash.Next(length);
            int second = hash.Next(length);
            yield return offset => offset == first || offset == second;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        int count = 0;
        while (count < buffer.Length && _position + count < bytes.Length && (count == 0 || !isCut(_position + count)))
        {
            count++;
        }

        bytes.Span.Slice(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        // The server's answers are already decided.
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        // As above.
    }

    public override void Flush()
    {
        // Nothing is kept.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private struct HashCodeOf
    {
        private ulong _state;

        public void Add(ReadOnlySpan<byte> bytes) => _state = System.IO.Hashing.XxHash3.HashToUInt64(bytes);

        public int Next(int below)
        {
            _state = (_state * 6364136223846793005) + 1442695040888963407;
            return (int)((_state >> 33) % (ulong)below);
        }
    }
}
