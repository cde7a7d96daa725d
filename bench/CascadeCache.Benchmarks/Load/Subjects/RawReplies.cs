using System.Buffers.Text;
using System.Text;

namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary>Counts replies in a stream of them, looking at codes and lengths only.</summary>
/// <param name="valueSize">The size that every value has to have; 0: no values are expected.</param>
internal sealed class RawReplies(int valueSize)
{
    private readonly byte[] _line = new byte[RawRequests.LongestLine];
    private int _lineLength;
    private int _toSkip;

    /// <summary>Takes what has arrived and returns how many replies ended in it.</summary>
    /// <exception cref="InvalidOperationException">That is not what was asked for.</exception>
    public int Feed(ReadOnlySpan<byte> bytes)
    {
        int replies = 0;
        while (!bytes.IsEmpty)
        {
            if (_toSkip > 0)
            {
                int skipped = Math.Min(_toSkip, bytes.Length);
                bytes = bytes[skipped..];
                _toSkip -= skipped;
                replies += _toSkip == 0 ? 1 : 0;
                continue;
            }

            int end = bytes.IndexOf((byte)'\n');
            if (end < 0 || _lineLength > 0)
            {
                int part = end < 0 ? bytes.Length : end + 1;
                bytes[..part].CopyTo(_line.AsSpan(_lineLength));
                _lineLength += part;
                bytes = bytes[part..];
                if (end >= 0)
                {
                    replies += TakeLine(_line.AsSpan(0, _lineLength));
                    _lineLength = 0;
                }

                continue;
            }

            replies += TakeLine(bytes[..(end + 1)]);
            bytes = bytes[(end + 1)..];
        }

        return replies;
    }

    private int TakeLine(ReadOnlySpan<byte> line)
    {
        if (valueSize == 0 && line.StartsWith("HD "u8))
        {
            return 1;
        }

        if (valueSize > 0 && line.StartsWith("VA "u8) && Utf8Parser.TryParse(line[3..], out int length, out _) && length == valueSize)
        {
            _toSkip = length + 2;
            return 0;
        }

        throw new InvalidOperationException("Not the reply that was expected: " + Encoding.ASCII.GetString(line).TrimEnd());
    }
}
