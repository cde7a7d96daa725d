using System.Globalization;
using System.Text;

namespace CascadeCache.Fuzz.Targets;

/// <summary>What memcached would understand of the bytes of a client: its commands in turn, the data of an <c>ms</c> skipped. Stricter than memcached itself.</summary>
internal static class StrictCommands
{
    /// <param name="bytes">What the client sent.</param>
    /// <param name="isWhole">Whether it ends where a command ends, and nothing in it is what a careful client does not send.</param>
    public static IReadOnlyList<string> Of(ReadOnlySpan<byte> bytes, out bool isWhole)
    {
        var commands = new List<string>();
        isWhole = true;
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOf("\r\n"u8);
            if (end < 0)
            {
                isWhole = false;
                break;
            }

            string line = Encoding.Latin1.GetString(bytes[..end]);
            bytes = bytes[(end + 2)..];
            commands.Add(line);
            string[] words = line.Split(' ');
            isWhole &= words.Length >= 2 && line.Length < 2048 && line.All(static c => c is >= ' ' and < '\u007F') && words.All(static w => w.Length > 0) && words[1].Length <= 250;
            if (words[0] == "ms")
            {
                isWhole &= TrySkipData(ref bytes, words);
            }
        }

        return commands;
    }

    private static bool TrySkipData(ref ReadOnlySpan<byte> bytes, string[] words)
    {
        if (words.Length < 3 || !int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out int size) || bytes.Length < size + 2)
        {
            return false;
        }

        bool ends = bytes[size] == '\r' && bytes[size + 1] == '\n';
        bytes = bytes[(size + 2)..];
        return ends;
    }
}
