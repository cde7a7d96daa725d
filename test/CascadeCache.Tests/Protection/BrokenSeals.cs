using System.Buffers;
using System.Security.Cryptography;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.Tiers;

namespace CascadeCache.Tests.Protection;

/// <summary>Binds every item to the same thing.</summary>
internal sealed class UnboundSeal(IItemSeal seal) : IItemSeal
{
    private static readonly CacheKey Any = new("any");

    public int Overhead => seal.Overhead;

    public PooledBytes? TrySeal(CacheKey key, in VolatileItem item, out Exception? error) => seal.TrySeal(Any, item, out error);

    public PooledBytes? TryOpen(CacheKey key, ReadOnlySpan<byte> item) => seal.TryOpen(Any, item);
}

/// <summary>Binds to the text of the key alone.</summary>
internal sealed class WithoutScope(IItemSeal seal) : IItemSeal
{
    public int Overhead => seal.Overhead;

    public PooledBytes? TrySeal(CacheKey key, in VolatileItem item, out Exception? error) => seal.TrySeal(new CacheKey(key.Text), item, out error);

    public PooledBytes? TryOpen(CacheKey key, ReadOnlySpan<byte> item) => seal.TryOpen(new CacheKey(key.Text), item);
}

/// <summary>Seals the value and leaves what is said about it readable, and writable, before it.</summary>
internal sealed class HeaderOutside(IItemSeal seal) : IItemSeal
{
    private const int HeaderSize = EntryFormat.HeaderSize;

    public int Overhead => seal.Overhead + HeaderSize;

    public PooledBytes? TrySeal(CacheKey key, in VolatileItem item, out Exception? error)
    {
        // Something is sealed also where there is no value, or the format would have nothing to say.
        using PooledBytes? value = seal.TrySeal(key, item with { Header = new byte[HeaderSize] }, out error);
        return value is null ? null : Joined(item.Header.Span, value.Memory.Span);
    }

    public PooledBytes? TryOpen(CacheKey key, ReadOnlySpan<byte> item)
    {
        using PooledBytes? value = item.Length > HeaderSize ? seal.TryOpen(key, item[HeaderSize..]) : null;
        return value is null ? null : Joined(item[..HeaderSize], value.Memory.Span[HeaderSize..]);
    }

    private static PooledBytes Joined(ReadOnlySpan<byte> header, ReadOnlySpan<byte> rest)
    {
        var bytes = new PooledBytes(ArrayPool<byte>.Shared, header.Length + rest.Length);
        header.CopyTo(bytes.Memory.Span);
        rest.CopyTo(bytes.Memory.Span[header.Length..]);
        return bytes;
    }
}

/// <summary>Takes items from before the protection was switched on.</summary>
internal sealed class TakesPlain(IItemSeal seal) : IItemSeal
{
    public int Overhead => seal.Overhead;

    public PooledBytes? TrySeal(CacheKey key, in VolatileItem item, out Exception? error) => seal.TrySeal(key, item, out error);

    public PooledBytes? TryOpen(CacheKey key, ReadOnlySpan<byte> item)
    {
        if (SealedFormat.IsSealed(item) || !EntryFormat.TryRead(item.ToArray(), key.Fingerprint, out _))
        {
            return seal.TryOpen(key, item);
        }

        var bytes = new PooledBytes(ArrayPool<byte>.Shared, item.Length);
        item.CopyTo(bytes.Memory.Span);
        return bytes;
    }
}

/// <summary>Encrypts and proves nothing: a key stream over the item, and no tag.</summary>
internal sealed class OnlyEncrypts(DataKeys keys) : IItemSeal
{
    public int Overhead => 0;

    public PooledBytes? TrySeal(CacheKey key, in VolatileItem item, out Exception? error)
    {
        error = null;
        return Crypt(SealRig.Plain(item));
    }

    public PooledBytes? TryOpen(CacheKey key, ReadOnlySpan<byte> item) => item.IsEmpty ? null : Crypt(item);

    private PooledBytes Crypt(ReadOnlySpan<byte> bytes)
    {
        var crypted = new PooledBytes(ArrayPool<byte>.Shared, bytes.Length);
        byte[] seed = keys.Current(out _)!.Wrapped;
        for (int i = 0; i < bytes.Length; i++)
        {
            crypted.Memory.Span[i] = (byte)(bytes[i] ^ SHA256.HashData([.. seed, (byte)i, (byte)(i >> 8)])[0]);
        }

        return crypted;
    }
}

/// <summary>Lets the server's flags decide, as it does without protection.</summary>
internal sealed class BelievesFlags(IVolatileServer raw, IVolatileServer server) : IVolatileServer
{
    public string Name => server.Name;

    public bool IsStandIn => server.IsStandIn;

    public TimeSpan? MinimumAge => server.MinimumAge;

    public long MaxItemBytes(CacheKey key) => server.MaxItemBytes(key);

    public ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call) => (withValue ? server : raw).ReadAsync(key, withValue, leaseSeconds, call);

    public ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call) => server.CompareAndSetAsync(key, token, item, call);

    public ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call) => server.SetAsync(key, item, call);

    public ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call) => server.DeleteAsync(key, token, call);
}
