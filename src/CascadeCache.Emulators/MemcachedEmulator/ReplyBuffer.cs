using System.Buffers.Text;

namespace CascadeCache.Emulators.Memcached;

/// <summary>
/// The replies of one connection that were not sent yet, in request order. A command may take back what it wrote since a mark,
/// as an error or a quiet success does.
/// </summary>
internal sealed class ReplyBuffer
{
    private const int InitialSize = 4096;
    private const int LargestKept = 256 * 1024;

    private byte[] _bytes = new byte[InitialSize];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public ReplyBuffer Text(ReadOnlySpan<byte> text)
    {
        EnsureRoom(text.Length);
        text.CopyTo(_bytes.AsSpan(Length));
        Length += text.Length;
        return this;
    }

    public ReplyBuffer Number(ulong number)
    {
        EnsureRoom(20);
        Utf8Formatter.TryFormat(number, _bytes.AsSpan(Length), out var written);
        Length += written;
        return this;
    }

    public ReplyBuffer Base64(ReadOnlySpan<byte> bytes)
    {
        EnsureRoom(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length));
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, _bytes.AsSpan(Length), out _, out var written);
        Length += written;
        return this;
    }

    /// <summary>A return flag with a number: space, letter, digits.</summary>
    public ReplyBuffer Flag(char letter, ulong number)
    {
        Flag(letter);
        return Number(number);
    }

    public ReplyBuffer Flag(char letter) => Text([(byte)' ', (byte)letter]);

    /// <summary>The key as a return flag, in the form it was stored in.</summary>
    public ReplyBuffer KeyFlag(ReadOnlySpan<byte> key, bool binary)
    {
        Flag('k');
        return binary ? Base64(key).Text(" b"u8) : Text(key);
    }

    public ReplyBuffer Line(ReadOnlySpan<byte> text) => Text(text).EndLine();

    public ReplyBuffer EndLine() => Text("\r\n"u8);

    public void TakeBack(int mark) => Length = mark;

    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > LargestKept)
        {
            _bytes = new byte[InitialSize];
        }
    }

    private void EnsureRoom(int more)
    {
        if (_bytes.Length - Length < more)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + more));
        }
    }
}
