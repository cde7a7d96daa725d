using System.Buffers;
using System.Buffers.Binary;
using CascadeCache.Entries;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.Tiers;
using Microsoft.Extensions.Logging.Abstractions;

namespace CascadeCache.Fuzz.Targets;

/// <summary>
/// The input is a protected item of memcached: by bit 0 of byte 0 the rest is sealed first, by bit 1 for another key than it is opened for; bytes 1 to 4 are damage: a place, a mask for the
/// byte there and how many bytes are cut off. It is opened if it was sealed for the key and not damaged, and then it is what was sealed; everything else is refused.
/// </summary>
/// <param name="tryOpen">How an item is opened; null: as the flow does. For seals that are broken on purpose.</param>
internal sealed class SealedTarget(SealedTarget.TryOpen? tryOpen = null) : IFuzzTarget
{
    internal delegate byte[]? TryOpen(IItemSeal seal, CacheKey key, byte[] item);

    private const int PrefixSize = 5;
    private const byte SealFirst = 1;
    private const byte ForAnotherKey = 2;

    private static readonly CacheKey Key = new("session.fuzz");
    private static readonly CacheKey Other = new("session.fuzy");

    private readonly TryOpen _tryOpen = tryOpen ?? Open;
    private readonly ItemSeal _seal = NewSeal();

    public string Name => "sealed";

    public bool IsText => false;

    public IReadOnlyList<byte[]> Tokens { get; } = [[SealFirst, 0, 0, 0, 0], [SealFirst | ForAnotherKey, 0, 0, 0, 0], [0xC2, 16, 0], [0xC2, 0, 8], [0xC2, 1, 8], [0xC1, 1], new byte[58]];

    public long MaxAllocatedBytes(int inputLength) => (32 * 1024) + (20L * inputLength);

    public string Run(ReadOnlyMemory<byte> input)
    {
        if (input.Length < PrefixSize)
        {
            return "";
        }

        bool isSealed = (input.Span[0] & SealFirst) != 0;
        bool isOfAnother = (input.Span[0] & ForAnotherKey) != 0;
        byte[] content = input[PrefixSize..].ToArray();
        byte[] item = isSealed ? Sealed(isOfAnother ? Other : Key, content) : content;
        bool isDamaged = Damage(ref item, input.Span);
        byte[]? opened = _tryOpen(_seal, Key, item);

        bool isGenuine = isSealed && !isOfAnother && !isDamaged && content.Length >= EntryFormat.HeaderSize;
        PropertyException.Require(!isGenuine || opened is not null, "what was sealed is not opened");
        PropertyException.Require(isGenuine || opened is null, "what was not sealed for the key is opened");
        PropertyException.Require(opened is null || opened.AsSpan().SequenceEqual(content), "something else is opened than was sealed");
        return $"{isSealed} {isOfAnother} {isDamaged} {opened is not null} {SealedFormat.TryRead(item, out _)} {int.Log2(item.Length + 1)}";
    }

    private static byte[]? Open(IItemSeal seal, CacheKey key, byte[] item)
    {
        using PooledBytes? opened = seal.TryOpen(key, item);
        return opened?.Memory.ToArray();
    }

    private static ItemSeal NewSeal()
    {
        byte next = 0;
        void Fill(Span<byte> to) => to.Fill(++next);
        return new ItemSeal(new DataKeys(new CannedProtector(nameSize: 16), Fill, StillTime.Instance, NullLogger.Instance), Fill, new NewMemory());
    }

    private static bool Damage(ref byte[] item, ReadOnlySpan<byte> input)
    {
        int place = BinaryPrimitives.ReadUInt16LittleEndian(input[1..]);
        (byte mask, int cut) = (input[3], Math.Min(input[4], item.Length));
        if (item.Length > 0)
        {
            item[place % item.Length] ^= mask;
        }

        item = item[..^cut];
        return mask != 0 || cut > 0;
    }

    private byte[] Sealed(CacheKey key, byte[] content)
    {
        using PooledBytes bytes = _seal.TrySeal(key, new VolatileItem(content, ReadOnlySequence<byte>.Empty, 0, 1), out _) ?? throw new PropertyException("nothing was sealed");
        return bytes.Memory.ToArray();
    }
}
