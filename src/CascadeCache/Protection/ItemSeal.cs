using System.Buffers;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;
using Microsoft.AspNetCore.DataProtection;

namespace CascadeCache.Protection;

/// <summary>Seals items with AES-GCM, in the form of <see cref="SealedFormat"/>. Owns no memory between calls.</summary>
/// <remarks>
/// The nonce is random for each item, not a counter: a machine that is cloned or set back to a snapshot would go on with the same key and the same counter, and two items under one nonce
/// give away the key of all tags. <see cref="DataKeys.MaxItems"/> keeps chance out of it. The randomness costs far less than the round trip that follows.
/// </remarks>
internal sealed class ItemSeal(DataKeys keys, FillRandom random, ArrayPool<byte>? pool = null) : IItemSeal
{
    // Names of our own, so that nothing that the application protects otherwise can be taken for a key. Another meaning of what is wrapped takes another number.
    private const string Purpose = "CascadeCache.ProtectValues";
    private const string DataKeyPurpose = "DataKey.v1";

    private const int StackBytes = 512;

    private readonly ArrayPool<byte> _pool = pool ?? ArrayPool<byte>.Shared;

    /// <summary>What wraps data keys.</summary>
    public static IDataProtector ProtectorOf(IDataProtectionProvider provider) => provider.CreateProtector(Purpose, DataKeyPurpose);

    public int Overhead => keys.Current(out _) is { } key ? SealedFormat.Overhead(key.Wrapped.Length) : 0;

    public PooledBytes? TrySeal(CacheKey key, in VolatileItem item, out Exception? error)
    {
        if (keys.Current(out error) is not { } dataKey)
        {
            return null;
        }

        // One piece of memory, sealed in place: header and payload are copied once, as they would be to the wire.
        int contentSize = (int)item.Size;
        var stored = new PooledBytes(_pool, SealedFormat.Overhead(dataKey.Wrapped.Length) + contentSize);
        Span<byte> rest = SealedFormat.WritePrefix(stored.Memory.Span, dataKey.Wrapped);
        Span<byte> nonce = rest[..SealedFormat.NonceSize];
        Span<byte> content = rest.Slice(SealedFormat.NonceSize, contentSize);
        item.Header.Span.CopyTo(content);
        item.Payload.CopyTo(content[item.Header.Length..]);
        random(nonce);

        int bindingSize = SealedFormat.BindingSize(key);
        byte[]? rented = bindingSize > StackBytes ? _pool.Rent(bindingSize) : null;
        Span<byte> binding = (rented ?? stackalloc byte[StackBytes])[..bindingSize];
        SealedFormat.WriteBinding(binding, key);
        dataKey.Seal(nonce, content, rest[^SealedFormat.TagSize..], binding);
        Return(rented);
        return stored;
    }

    public PooledBytes? TryOpen(CacheKey key, ReadOnlySpan<byte> item)
    {
        if (!SealedFormat.TryRead(item, out SealedParts parts) || keys.Find(parts.WrappedKey) is not { } dataKey)
        {
            return null;
        }

        int bindingSize = SealedFormat.BindingSize(key);
        byte[]? rented = bindingSize > StackBytes ? _pool.Rent(bindingSize) : null;
        Span<byte> binding = (rented ?? stackalloc byte[StackBytes])[..bindingSize];
        SealedFormat.WriteBinding(binding, key);
        var opened = new PooledBytes(_pool, parts.Ciphertext.Length);
        bool isGenuine = dataKey.TryOpen(parts, opened.Memory.Span, binding);
        Return(rented);
        if (isGenuine)
        {
            return opened;
        }

        opened.Dispose();
        return null;
    }

    private void Return(byte[]? rented)
    {
        if (rented is not null)
        {
            _pool.Return(rented);
        }
    }
}
