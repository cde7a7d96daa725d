using System.Buffers.Binary;
using System.Text;

namespace CascadeCache.Fuzz.Engine;

/// <summary>Makes new inputs of old ones: a few random changes each, of the kinds that break parsers. All its chance comes from the given source.</summary>
internal sealed class Mutator(Random random, IReadOnlyList<byte[]> tokens, bool isText)
{
    private const int MaxLength = 16 * 1024;
    private const int MaxChanges = 4;

    private static readonly long[] Numbers =
    [
        0, 1, -1, 2, 3, 7, 8, 16, 31, 32, 127, 128, 250, 251, 255, 256, 4095, 4096, 4097, 65535, 65536, 1_000_000, 1_048_576, 2_000_000_000,
        int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40, 253_402_300_799, 253_402_300_800, -62_135_596_801, long.MaxValue - 1, long.MaxValue, long.MinValue,
    ];

    private static readonly string[] Texts = ["18446744073709551615", "18446744073709551616", "99999999999999999999999", "+5", "-0", "007", "1e9", " ", "\r\n", "\n", "\0", "\t"];

    public byte[] Next(IReadOnlyList<byte[]> corpus)
    {
        var bytes = new List<byte>(corpus.Count == 0 ? [] : corpus[random.Next(corpus.Count)]);
        for (int left = random.Next(1, MaxChanges + 1); left > 0; left--)
        {
            Change(bytes, corpus);
        }

        if (bytes.Count > MaxLength)
        {
            bytes.RemoveRange(MaxLength, bytes.Count - MaxLength);
        }

        return [.. bytes];
    }

    private void Change(List<byte> bytes, IReadOnlyList<byte[]> corpus)
    {
        switch (random.Next(isText ? 11 : 7))
        {
            case 0 when bytes.Count > 0:
                bytes[random.Next(bytes.Count)] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when bytes.Count > 0:
                bytes[random.Next(bytes.Count)] = (byte)random.Next(256);
                break;
            case 2:
                Cut(bytes);
                break;
            case 3:
                Splice(bytes, corpus);
                break;
            case 4:
                bytes.InsertRange(random.Next(bytes.Count + 1), Copy(bytes));
                break;
            case 5:
                OverwriteNumber(bytes);
                break;
            case 6 when tokens.Count > 0:
                bytes.InsertRange(random.Next(bytes.Count + 1), tokens[random.Next(tokens.Count)]);
                break;
            case 7 or 8:
                ReplaceWord(bytes, NumberText());
                break;
            case 9:
                ReplaceWord(bytes, tokens.Count > 0 ? tokens[random.Next(tokens.Count)] : []);
                break;
            default:
                DuplicateWord(bytes);
                break;
        }
    }

    private void Cut(List<byte> bytes)
    {
        if (bytes.Count > 0)
        {
            int start = random.Next(bytes.Count);
            bytes.RemoveRange(start, random.Next(2) == 0 ? bytes.Count - start : random.Next(bytes.Count - start) + 1);
        }
    }

    private void Splice(List<byte> bytes, IReadOnlyList<byte[]> corpus)
    {
        byte[] other = corpus.Count == 0 ? [] : corpus[random.Next(corpus.Count)];
        int keep = random.Next(bytes.Count + 1);
        bytes.RemoveRange(keep, bytes.Count - keep);
        bytes.AddRange(other[random.Next(other.Length + 1)..]);
    }

    private List<byte> Copy(List<byte> bytes)
    {
        int start = random.Next(bytes.Count + 1);
        return bytes.GetRange(start, random.Next(bytes.Count - start + 1));
    }

    private void OverwriteNumber(List<byte> bytes)
    {
        byte[] number = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, Numbers[random.Next(Numbers.Length)]);
        int size = 1 << random.Next(4);
        int start = random.Next(bytes.Count + 1);
        for (int i = 0; i < size; i++)
        {
            if (start + i < bytes.Count)
            {
                bytes[start + i] = number[i];
            }
            else
            {
                bytes.Add(number[i]);
            }
        }
    }

    private byte[] NumberText() => random.Next(3) == 0
        ? Encoding.ASCII.GetBytes(Texts[random.Next(Texts.Length)])
        : Encoding.ASCII.GetBytes(Numbers[random.Next(Numbers.Length)].ToString(System.Globalization.CultureInfo.InvariantCulture));

    // The letter that a flag begins with mostly stays, so that its number is what changes.
    private void ReplaceWord(List<byte> bytes, byte[] by)
    {
        (int start, int length) = Word(bytes);
        if (length > 1 && char.IsAsciiLetter((char)bytes[start]) && random.Next(4) > 0)
        {
            (start, length) = (start + 1, length - 1);
        }

        bytes.RemoveRange(start, length);
        bytes.InsertRange(start, by);
    }

    private void DuplicateWord(List<byte> bytes)
    {
        (int start, int length) = Word(bytes);
        List<byte> word = bytes.GetRange(start, length);
        word.Insert(0, (byte)' ');
        bytes.InsertRange(start + length, word);
    }

    private (int Start, int Length) Word(List<byte> bytes)
    {
        int start = random.Next(bytes.Count + 1);
        while (start > 0 && !IsBlank(bytes[start - 1]))
        {
            start--;
        }

        int end = start;
        while (end < bytes.Count && !IsBlank(bytes[end]))
        {
            end++;
        }

        return (start, end - start);
    }

    private static bool IsBlank(byte b) => b is (byte)' ' or (byte)'\r' or (byte)'\n';
}
