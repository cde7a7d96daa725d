using System.Buffers;
using System.Buffers.Text;

namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// Requests that wait to be sent, in wire order, and the places where each <c>ms</c> ends: over TLS the data of an <c>ms</c> must end a record,
/// because servers before 1.6.39 can leave what follows it in the record unread. Owned by the connection's gate, and by its sender while it is being sent.
/// </summary>
internal sealed class OutgoingBuffer
{
    private const int InitialSize = 4096;
    private const int KeptSize = 256 * 1024;

    private byte[] _bytes = new byte[InitialSize];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, Length);

    /// <summary>The offsets after which a TLS record has to end.</summary>
    public List<int> RecordEnds { get; } = [];

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
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
        Utf8Formatter.TryFormat(number, Reserve(20), out int written);
        Length += written;
    }

    public void AppendNumber(ulong number)
    {
        Utf8Formatter.TryFormat(number, Reserve(20), out int written);
        Length += written;
    }

    public void EndRecord() => RecordEnds.Add(Length);

    public void Clear()
    {
        Length = 0;
        RecordEnds.Clear();
        if (_bytes.Length > KeptSize)
        {
            _bytes = new byte[InitialSize]; // one large value must not keep its memory for the connection's life
        }
    }

    private Span<byte> Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, (int)Math.Max(Math.Min(_bytes.Length * 2L, Array.MaxLength), Length + (long)count));
        }

        return _bytes.AsSpan(Length, count);
    }
}
