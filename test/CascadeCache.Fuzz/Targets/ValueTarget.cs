using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Primitives;
using CascadeCache.Values;

namespace CascadeCache.Fuzz.Targets;

/// <summary>
/// The input is a value as it is stored: byte 0 says how it is encoded and, by its highest bits, whether the rest is encoded first, and from pieces; bytes 1 to 4 are damage, a place, a mask for the byte
/// there and how many bytes are cut off; the rest are the bytes. They are refused, or they are a value that the runtime's own stream finds in them too, and in nothing
/// that is longer or shorter. And all of it is the same when the bytes, of the value as of what is stored, lie in several pieces.
/// </summary>
/// <param name="tryDecode">How a value is decoded; null: as the flow does. For decoders that are broken on purpose.</param>
internal sealed class ValueTarget(ValueTarget.TryDecode? tryDecode = null) : IFuzzTarget
{
    internal delegate bool TryDecode(in ReadOnlySequence<byte> stored, ValueEncoding encoding, out ReadOnlySequence<byte> value, out IDisposable? owner);

    public const int MaxBytes = 64 * 1024;

    private const int PrefixSize = 5;
    private const byte EncodeFirst = 0x80;
    private const byte InPieces = 0x40;
    private const int Pieces = 5;

    private static readonly ValueCodec Codec = new(1, new NewMemory(), MaxBytes);
    private readonly TryDecode _tryDecode = tryDecode ?? Codec.TryDecode;

    public string Name => "value";

    public bool IsText => false;

    public IReadOnlyList<byte[]> Tokens { get; } = [[1, 0, 0, 0, 0], [0x81, 0, 0, 0, 0], [0xE8, 3, 0, 0], [0x3B], [0x03], [0x06], new byte[200]];

    public long MaxAllocatedBytes(int inputLength) => (16 * MaxBytes) + (40L * inputLength);

    public string Run(ReadOnlyMemory<byte> input)
    {
        if (input.Length < PrefixSize)
        {
            return "";
        }

        var encoding = (ValueEncoding)(input.Span[0] & 3);
        ReadOnlyMemory<byte> original = input[PrefixSize..];
        byte[] stored = original.ToArray();
        if ((input.Span[0] & EncodeFirst) != 0)
        {
            using EncodedValue encoded = Codec.Encode((input.Span[0] & InPieces) != 0 ? Cut(original) : new ReadOnlySequence<byte>(original));
            (stored, encoding) = (encoded.Bytes.ToArray(), encoded.Encoding);
        }

        bool isDamaged = Damage(ref stored, input.Span);
        bool isValue = Decode(stored, encoding, out ReadOnlyMemory<byte> value);
        if ((input.Span[0] & EncodeFirst) != 0 && !isDamaged)
        {
            PropertyException.Require(isValue && value.Span.SequenceEqual(original.Span), "what was encoded is decoded as another value");
        }

        PropertyException.Require(!isValue || encoding is ValueEncoding.None or ValueEncoding.Brotli, $"encoding {(int)encoding} was believed");
        if (isValue && encoding == ValueEncoding.Brotli)
        {
            CheckDecoded(stored, value);
        }

        return $"{encoding} {isValue} {isDamaged} {int.Log2(stored.Length + 1)} {int.Log2(value.Length + 1)}";
    }

    private bool Decode(byte[] stored, ValueEncoding encoding, out ReadOnlyMemory<byte> value)
    {
        bool isValue = _tryDecode(new ReadOnlySequence<byte>(stored), encoding, out ReadOnlySequence<byte> whole, out _);
        bool isValueCut = _tryDecode(Cut(stored), encoding, out ReadOnlySequence<byte> cut, out _);
        value = whole.First;
        PropertyException.Require(isValue == isValueCut && cut.ToArray().AsSpan().SequenceEqual(value.Span), "bytes in pieces are decoded otherwise");
        return isValue;
    }

    // As many pieces as fit, and an empty one at either end and in the middle.
    private static ReadOnlySequence<byte> Cut(ReadOnlyMemory<byte> bytes)
    {
        var pieces = new List<ReadOnlyMemory<byte>> { default };
        int size = (bytes.Length / Pieces) + 1;
        for (int start = 0; start < bytes.Length; start += size)
        {
            pieces.Add(bytes.Slice(start, Math.Min(size, bytes.Length - start)));
            pieces.Add(default);
        }

        pieces.Add(default);
        return ByteSequence.Of(pieces);
    }

    private static bool Damage(ref byte[] stored, ReadOnlySpan<byte> input)
    {
        int place = BinaryPrimitives.ReadUInt16LittleEndian(input[1..]);
        (byte mask, int cut) = (input[3], Math.Min(input[4], stored.Length));
        if (stored.Length > 0)
        {
            stored[place % stored.Length] ^= mask;
        }

        stored = stored[..^cut];
        return mask != 0 || cut > 0;
    }

    private void CheckDecoded(byte[] stored, ReadOnlyMemory<byte> value)
    {
        PropertyException.Require(value.Length == BinaryPrimitives.ReadInt32LittleEndian(stored), "the value has another length than is recorded");
        PropertyException.Require(value.Length <= MaxBytes && value.Length > stored.Length, $"{stored.Length} bytes became {value.Length}");

        using var stream = new BrotliStream(new MemoryStream(stored, BrotliForm.HeaderSize, stored.Length - BrotliForm.HeaderSize), CompressionMode.Decompress);
        byte[] expected = new byte[value.Length + 1];
        int read = stream.ReadAtLeast(expected, expected.Length, throwOnEndOfStream: false);
        PropertyException.Require(expected.AsSpan(0, read).SequenceEqual(value.Span), "the stream holds another value");

        PropertyException.Require(!Decode([.. stored, 0], ValueEncoding.Brotli, out _), "a byte that was left over was accepted");
        PropertyException.Require(!Decode(stored[..^1], ValueEncoding.Brotli, out _), "a stream without its end was accepted");
    }
}
