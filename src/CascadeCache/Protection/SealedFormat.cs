using System.Buffers.Binary;
using CascadeCache.Entries;

namespace CascadeCache.Protection;

/// <summary>How a sealed item stands in the volatile tier. Pure functions over spans.</summary>
/// <remarks>
/// <code>
/// offset   size content                                              (little-endian)
///      0      1 format: 0xC2
///      1      2 w, the length of the wrapped data key
///      3      w the data key (AES-256), wrapped by Data Protection
///    3+w     12 nonce
///   15+w      n the item as EntryFormat lays it out, header and payload, encrypted with AES-GCM
/// 15+w+n     16 tag
/// </code>
/// The tag also covers what an item is bound to and what is not stored in it: the format, the scope and the whole key. So nothing of an item can be changed, not even whether it tells of a
/// value or of an absence, and it is worth nothing under another key, though both names in memcached are hashes. The wrapped key needs no tag here: another one gives another data key, or none.
/// </remarks>
internal static class SealedFormat
{
    public const byte FormatVersion = 0xC2;
    public const int NonceSize = 12;
    public const int TagSize = 16;

    /// <summary>Far above what Data Protection makes of 32 bytes (132 with its defaults); bounds what forged items can make a reader remember.</summary>
    public const int MaxWrappedKeySize = 2048;

    private const int PrefixSize = 3;
    private const int BindingPrefixSize = 1 + sizeof(long);

    public static int Overhead(int wrappedKeySize) => PrefixSize + wrappedKeySize + NonceSize + TagSize;

    /// <summary>Whether the item says that it is sealed. Nothing else is checked.</summary>
    public static bool IsSealed(ReadOnlySpan<byte> item) => !item.IsEmpty && item[0] == FormatVersion;

    /// <summary>Writes what comes before the nonce.</summary>
    /// <returns>The rest: nonce, ciphertext and tag.</returns>
    public static Span<byte> WritePrefix(Span<byte> item, ReadOnlySpan<byte> wrappedKey)
    {
        item[0] = FormatVersion;
        BinaryPrimitives.WriteUInt16LittleEndian(item[1..], (ushort)wrappedKey.Length);
        wrappedKey.CopyTo(item[PrefixSize..]);
        return item[(PrefixSize + wrappedKey.Length)..];
    }

    /// <summary>Finds the parts of an item. False: it is not laid out like one.</summary>
    public static bool TryRead(ReadOnlySpan<byte> item, out SealedParts parts)
    {
        parts = default;
        if (item.Length < PrefixSize || item[0] != FormatVersion)
        {
            return false;
        }

        int wrapped = BinaryPrimitives.ReadUInt16LittleEndian(item[1..]);
        if (wrapped is 0 or > MaxWrappedKeySize || item.Length < Overhead(wrapped) + EntryFormat.HeaderSize)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = item[(PrefixSize + wrapped)..];
        parts = new SealedParts
        {
            WrappedKey = item.Slice(PrefixSize, wrapped),
            Nonce = rest[..NonceSize],
            Ciphertext = rest[NonceSize..^TagSize],
            Tag = rest[^TagSize..],
        };
        return true;
    }

    /// <summary>How long what an item is bound to is.</summary>
    public static int BindingSize(CacheKey key) => BindingPrefixSize + key.TextBytes.Length;

    /// <summary>Writes what an item is bound to. The key comes last, all else has a fixed length: no two keys have the same.</summary>
    public static void WriteBinding(Span<byte> binding, CacheKey key)
    {
        binding[0] = FormatVersion;
        BinaryPrimitives.WriteInt64LittleEndian(binding[1..], key.Scope);
        key.TextBytes.CopyTo(binding[BindingPrefixSize..]);
    }
}

/// <summary>The parts of a sealed item. Borrows its memory.</summary>
internal readonly ref struct SealedParts
{
    public ReadOnlySpan<byte> WrappedKey { get; init; }

    public ReadOnlySpan<byte> Nonce { get; init; }

    public ReadOnlySpan<byte> Ciphertext { get; init; }

    public ReadOnlySpan<byte> Tag { get; init; }
}
