using System.Globalization;
using System.Text;

namespace CascadeCache.TestKit.Servers;

/// <summary>One reply of the meta protocol as it is on the wire: a line, and for <c>VA</c> a value.</summary>
internal sealed class ReplyFrame
{
    private static readonly string[] Codes = ["VA ", "HD ", "EN ", "NF ", "NS ", "EX "];

    private ReplyFrame(string line, byte[] value) => (Line, Value) = (line, value);

    public string Line { get; }

    /// <summary>The value without its line end; empty if there is none.</summary>
    public byte[] Value { get; }

    public bool IsValue => Line.StartsWith("VA ", StringComparison.Ordinal);

    /// <summary>Whether it answers a request that has a number; what a client asks on connecting has none.</summary>
    public bool IsNumbered => Array.Exists(Codes, code => Line.StartsWith(code, StringComparison.Ordinal)) && Number is not null;

    public string? Number => Word('O');

    public string? Key => Word('k');

    public byte[] Bytes => IsValue
        ? [.. Encoding.Latin1.GetBytes(Line), .. "\r\n"u8, .. Value, .. "\r\n"u8]
        : [.. Encoding.Latin1.GetBytes(Line), .. "\r\n"u8];

    /// <summary>Reads the next frame; null when the stream has ended.</summary>
    public static async Task<ReplyFrame?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        while (line.Length == 0 || line[^1] != '\n')
        {
            if (await stream.ReadAsync(one, cancellationToken) == 0)
            {
                return null;
            }

            line.Append((char)one[0]);
        }

        var frame = new ReplyFrame(line.ToString().TrimEnd('\r', '\n'), []);
        if (!frame.IsValue)
        {
            return frame;
        }

        byte[] value = new byte[int.Parse(frame.Line.Split(' ')[1], CultureInfo.InvariantCulture) + 2];
        await stream.ReadExactlyAsync(value, cancellationToken);
        return new ReplyFrame(frame.Line, value[..^2]);
    }

    public ReplyFrame WithNumber(string number) => new(Line.Replace($" O{Number}", $" O{number}", StringComparison.Ordinal), Value);

    /// <summary>The same line but for the size that fits the value.</summary>
    public ReplyFrame WithValue(byte[] value) => new(WithSize(value.Length).Line, value);

    /// <summary>Another size, and the value as it is.</summary>
    public ReplyFrame WithSize(int size)
    {
        string[] words = Line.Split(' ');
        words[1] = size.ToString(CultureInfo.InvariantCulture);
        return new ReplyFrame(string.Join(' ', words), Value);
    }

    private string? Word(char flag) => Line.Split(' ').Skip(1).FirstOrDefault(word => word.Length > 1 && word[0] == flag)?[1..];
}
