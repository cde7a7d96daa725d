namespace CascadeCache.Emulators.Memcached;

/// <summary>
/// One command line cut into words at runs of spaces. It points into the connection's read buffer: valid only while that
/// command runs. Word 0 is the command; asking beyond the end gives an empty word.
/// </summary>
internal sealed class RequestLine
{
    private byte[] _bytes = [];
    private readonly List<(int Start, int Length)> _words = [];

    public int Count => _words.Count;

    public ReadOnlySpan<byte> this[int index] =>
        index < _words.Count ? _bytes.AsSpan(_words[index].Start, _words[index].Length) : default;

    public void Parse(byte[] buffer, int start, int length)
    {
        _bytes = buffer;
        _words.Clear();

        // A NUL ends the line, whatever follows it.
        var nul = buffer.AsSpan(start, length).IndexOf((byte)0);
        var end = nul < 0 ? start + length : start + nul;
        for (var i = start; i < end;)
        {
            if (buffer[i] == ' ')
            {
                i++;
                continue;
            }

            var space = buffer.AsSpan(i, end - i).IndexOf((byte)' ');
            var wordLength = space < 0 ? end - i : space;
            _words.Add((i, wordLength));
            i += wordLength;
        }
    }

    public bool LastIs(ReadOnlySpan<byte> word) => Count > 0 && this[Count - 1].SequenceEqual(word);
}
