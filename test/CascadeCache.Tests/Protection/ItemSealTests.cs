using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Values;
using CascadeCache.Tiers;
using static CascadeCache.Tests.Protection.SealRig;

namespace CascadeCache.Tests.Protection;

/// <summary>What was sealed for a key is opened for it, and nothing else is. The same demands are made of seals that are broken on purpose.</summary>
public sealed class ItemSealTests
{
    private const int PrefixSize = 3;
    private static readonly CacheKey Other = new("session.xyz");

    private readonly SealRig _rig = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(4096)]
    [InlineData(1_000_000)]
    public void What_was_sealed_is_opened_in_another_process_byte_for_byte(int size)
    {
        byte[] value = RandomNumberGenerator.GetBytes(size);
        VolatileItem item = Item(Key, value);

        byte[] stored = Sealed(_rig.NewSeal(), Key, value);

        Assert.Equal(Plain(item), Open(_rig.NewSeal(), Key, stored));
        Assert.Equal(item.Size + SealedFormat.Overhead(_rig.Ring.WrappedSize), stored.Length);
        Assert.Equal(0, _rig.Pool.Open);
    }

    [Fact]
    public void The_layout_is_as_written_down()
    {
        byte[] key = [.. Enumerable.Range(0, 32).Select(static i => (byte)i)];
        byte[] nonce = [.. Enumerable.Range(100, 12).Select(static i => (byte)i)];
        Queue<byte[]> random = new([key, nonce]);
        void Fill(Span<byte> to) => random.Dequeue().CopyTo(to);
        var keys = new DataKeys(ItemSeal.ProtectorOf(_rig.Ring), Fill, _rig.Time, _rig.Log);
        var scoped = new CacheKey("session.ä", 0x0102030405060708);

        byte[] stored = Sealed(new ItemSeal(keys, Fill), scoped, 1, 2, 3);

        Assert.Equal(0xC2, stored[0]);
        int wrapped = BinaryPrimitives.ReadUInt16LittleEndian(stored.AsSpan(1));
        Assert.Equal(key, ItemSeal.ProtectorOf(_rig.Ring).Unprotect(stored.AsSpan(PrefixSize, wrapped).ToArray()));
        Assert.Equal(nonce, stored.AsSpan(PrefixSize + wrapped, 12).ToArray());

        // Opened by hand, with what an item is bound to written by hand.
        byte[] binding = [0xC2, 8, 7, 6, 5, 4, 3, 2, 1, .. System.Text.Encoding.Unicode.GetBytes("session.ä")];
        byte[] content = new byte[stored.Length - PrefixSize - wrapped - 12 - 16];
        using var aes = new AesGcm(key, 16);
        aes.Decrypt(nonce, stored.AsSpan(PrefixSize + wrapped + 12, content.Length), stored.AsSpan(stored.Length - 16), content, binding);
        Assert.Equal(Plain(Item(scoped, new byte[] { 1, 2, 3 })), content);
    }

    [Fact]
    public void A_payload_of_many_pieces_is_sealed_as_one()
    {
        VolatileItem whole = Item(Key, new byte[] { 1, 2, 3, 4, 5 });
        VolatileItem pieces = whole with { Payload = Pieces.CutAt([1, 2, 3, 4, 5], 2, 2, 3) };
        ItemSeal seal = _rig.NewSeal();

        using PooledBytes stored = seal.TrySeal(Key, pieces, out _)!;

        Assert.Equal(Plain(whole), Open(seal, Key, stored.Memory.ToArray()));
    }

    [Fact]
    public void Nothing_of_the_value_shows_and_no_two_items_are_alike()
    {
        ItemSeal seal = _rig.NewSeal();
        byte[] value = "a secret that is long enough not to turn up by chance"u8.ToArray();
        HashSet<string> nonces = [];
        for (int i = 0; i < 1000; i++)
        {
            byte[] stored = Sealed(seal, Key, value);
            Assert.Equal(-1, stored.AsSpan().IndexOf(value.AsSpan(0, 8)));
            Assert.True(nonces.Add(Convert.ToHexString(stored.AsSpan(PrefixSize + _rig.Ring.WrappedSize, SealedFormat.NonceSize))));
        }

        Assert.Equal(1, _rig.Ring.Protects);
    }

    [Fact]
    public void Every_demand_is_met() => Assert.Empty(DemandsNotMet(_rig.NewSeal()));

    [Fact]
    public void A_seal_that_does_not_bind_to_the_key_is_caught() => Assert.Equal(["key", "hashed key", "prefix", "scope"], DemandsNotMet(new UnboundSeal(_rig.NewSeal())));

    [Fact]
    public void A_seal_that_leaves_the_header_outside_is_caught() => Assert.Equal(["bit"], DemandsNotMet(new HeaderOutside(_rig.NewSeal())));

    [Fact]
    public void A_seal_that_forgets_the_scope_is_caught() => Assert.Equal(["scope"], DemandsNotMet(new WithoutScope(_rig.NewSeal())));

    [Fact]
    public void A_seal_that_takes_what_is_not_sealed_is_caught() => Assert.Equal(["plain"], DemandsNotMet(new TakesPlain(_rig.NewSeal())));

    [Fact]
    public void A_seal_that_only_encrypts_is_caught()
    {
        List<string> caught = DemandsNotMet(new OnlyEncrypts(_rig.NewKeys()));

        Assert.All((string[])["bit", "end", "key", "ring"], demand => Assert.Contains(demand, caught));
    }

    [Fact]
    public void Memory_is_given_back_whatever_comes_of_it()
    {
        ItemSeal seal = _rig.NewSeal();
        var longKey = new CacheKey(new string('k', 3000));

        DemandsNotMet(seal);
        Assert.Equal(Plain(Item(longKey, new byte[] { 1 })), Open(seal, longKey, Sealed(seal, longKey, 1)));
        Assert.Null(Open(seal, Key, Sealed(seal, longKey, 1)));
        _rig.Ring.IsDown = true;
        Assert.Null(_rig.NewSeal().TrySeal(Key, Item(Key, default), out Exception? error));

        Assert.IsType<CryptographicException>(error);
        Assert.Equal(0, _rig.Pool.Open);
    }

    /// <summary>What a seal has to refuse and does not.</summary>
    private static List<string> DemandsNotMet(IItemSeal seal)
    {
        byte[] item = Sealed(seal, Key, 1, 2, 3, 4, 5);
        byte[] opened = Open(seal, Key, item) ?? throw new InvalidOperationException("What was sealed is not opened.");
        Assert.Equal(Plain(Item(Key, new byte[] { 1, 2, 3, 4, 5 })), opened);
        var longText = new string('x', 300);
        (string Name, IEnumerable<(CacheKey Key, byte[] Item)> Attempts)[] demands =
        [
            ("bit", Enumerable.Range(0, item.Length * 8).Select(bit => (Key, Flipped(item, bit)))),
            ("end", Enumerable.Range(0, item.Length).Select(n => (Key, item[..n]))),
            ("more", Enumerable.Range(0, 256).Select(b => (Key, (byte[])[.. item, (byte)b]))),
            ("key", [(Other, item), (new CacheKey("session.ab"), item), (new CacheKey("session.abcd"), item), (new CacheKey(""), item)]),
            ("hashed key", [(new CacheKey(longText + "b"), Sealed(seal, new CacheKey(longText + "a"), 1)), (new CacheKey(longText), Sealed(seal, new CacheKey("\0"), 1))]),
            ("prefix", [(new CacheKey("other.abc"), item)]),
            ("scope", [(new CacheKey(Key.Text, 1), item), (Key, Sealed(seal, new CacheKey(Key.Text, 1), 1))]),
            ("ring", [(Key, Sealed(new SealRig().NewSeal(), Key, 1))]),
            ("plain", [(Key, Plain(Item(Key, new byte[] { 1 }))), (Key, Plain(Item(Key, default, EntryKind.Absent)))]),
        ];
        return [.. demands.Where(demand => demand.Attempts.Any(attempt => Open(seal, attempt.Key, attempt.Item) is not null)).Select(static demand => demand.Name)];
    }

    private static byte[] Flipped(byte[] item, int bit)
    {
        byte[] flipped = [.. item];
        flipped[bit / 8] ^= (byte)(1 << (bit % 8));
        return flipped;
    }
}
