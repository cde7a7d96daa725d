using System.Buffers;
using System.Buffers.Text;

namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// Requests that wait to be sent, in wire order, and the places where each <c>ms</c> ends: over TLS the data of an <c>ms</c> must end a record,
/// because servers before 1.6.39 can leave what follows it in the record unread. Owned by the connection's gate, and by its sender while it is being sent.
/// </summary>
/// <remarks>
/// A piece of its own for what most writes carry, and further ones from the pool for as long as they are needed: nothing is moved as it grows, and a large value leaves no memory behind. A pool keeps so many
/// arrays of each size, so a large value takes one large piece: in small ones those of a few dozen writers would be made anew each time.
/// </remarks>
/// <param name="pool">Where further pieces come from; null: the shared pool.</param>
internal sealed class OutgoingBuffer(ArrayPool<byte>? pool = null)
{
    /// <summary>The size of the first piece.</summary>
    public const int FirstSize = 16 * 1024;

    /// <summary>The least size of a further one.</summary>
    public const int FurtherSize = 64 * 1024;

    /// <summary>What a further one has at most, for a value as large as that.</summary>
    public const int LargestSize = 1024 * 1024;

    private const int LongestNumber = 20;

    private readonly ArrayPool<byte> _pool = pool ?? ArrayPool<byte>.Shared;
    private readonly byte[] _first = new byte[FirstSize];
    private readonly List<byte[]> _further = [];
    private byte[]? _last;
    private int _used;

    public long Length { get; private set; }

    /// <summary>The offsets after which a TLS record has to end.</summary>
    public List<long> RecordEnds { get; } = [];

    private byte[] Last => _last ?? _first;

    private int Room => Last.Length - _used;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > Room)
        {
            ReadOnlySpan<byte> fits = bytes[..Room];
            Add(fits);
            bytes = bytes[fits.Length..];
            _last = _pool.Rent(Math.Clamp(bytes.Length, FurtherSize, LargestSize));
            _further.Add(_last);
            _used = 0;
        }

        Add(bytes);
    }

    public void Append(in ReadOnlySequence<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> segment in bytes)
        {
            Append(segment.Span);
        }
    }

    public void AppendNumber(long number)
    {
        Span<byte> text = stackalloc byte[LongestNumber];
        Utf8Formatter.TryFormat(number, text, out int written);
        Append(text[..written]);
    }

    public void AppendNumber(ulong number)
    {
        Span<byte> text = stackalloc byte[LongestNumber];
        Utf8Formatter.TryFormat(number, text, out int written);
        Append(text[..written]);
    }

    public void EndRecord() => RecordEnds.Add(Length);

    /// <summary>Writes everything, one piece after the other.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="endsRecords">Whether each write is a record of its own, so that one has to end at each of <see cref="RecordEnds"/>.</param>
    public void WriteTo(Stream stream, bool endsRecords)
    {
        long start = 0;
        int nextEnd = 0;
        for (int index = -1; index < _further.Count; index++)
        {
            ReadOnlySpan<byte> piece = index < 0 ? _first : _further[index];
            piece = piece[..(int)Math.Min(piece.Length, Length - start)];
            for (; endsRecords && nextEnd < RecordEnds.Count && RecordEnds[nextEnd] < start + piece.Length; nextEnd++)
            {
                int cut = (int)(RecordEnds[nextEnd] - start);
                if (cut > 0)
                {
                    stream.Write(piece[..cut]); // none is empty: the end of a record can be that of the piece before
                    piece = piece[cut..];
                    start += cut;
                }
            }

            if (!piece.IsEmpty)
            {
                stream.Write(piece);
                start += piece.Length;
            }
        }
    }

    /// <summary>Takes back what was appended beyond a length.</summary>
    public void Truncate(long length)
    {
        long start = Length - _used; // of the last piece; all before it are full
        while (_last is not null && start >= length)
        {
            _pool.Return(_last);
            _further.RemoveAt(_further.Count - 1);
            _last = _further.Count == 0 ? null : _further[^1];
            start -= Last.Length;
        }

        (_used, Length) = ((int)(length - start), length);
        while (RecordEnds.Count > 0 && RecordEnds[^1] > length)
        {
            RecordEnds.RemoveAt(RecordEnds.Count - 1);
        }
    }

    public void Clear() => Truncate(0);

    private void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Last.AsSpan(_used));
        _used += bytes.Length;
        Length += bytes.Length;
    }
}
