using System.Security.Cryptography;

namespace CascadeCache.Protection;

/// <summary>
/// One AES-256 key for items. Any thread; nobody disposes it, because others may be using it when it is replaced or forgotten: what it holds of the system's cryptography ends with it.
/// </summary>
internal sealed class DataKey(byte[] key, byte[] wrapped)
{
    public const int Size = 32;

    // One thread at a time may use an AesGcm, and to make one costs more than to seal a small item. What finds no place here is made anew.
    private readonly AesGcm?[] _idle = new AesGcm?[Math.Clamp(Environment.ProcessorCount, 1, 64)];
    private long _sealedItems;

    /// <summary>The key as only Data Protection can read it.</summary>
    public byte[] Wrapped { get; } = wrapped;

    /// <summary>How many items were sealed with it by this process.</summary>
    public long SealedItems => Interlocked.Read(ref _sealedItems);

    /// <summary>Encrypts <paramref name="content"/> in place.</summary>
    public void Seal(ReadOnlySpan<byte> nonce, Span<byte> content, Span<byte> tag, ReadOnlySpan<byte> binding)
    {
        Interlocked.Increment(ref _sealedItems);
        AesGcm cipher = Take(out int slot);
        cipher.Encrypt(nonce, content, content, tag, binding);
        GiveBack(slot, cipher);
    }

    /// <returns>False: something of the item was changed, or it is bound to something else.</returns>
    public bool TryOpen(in SealedParts parts, Span<byte> content, ReadOnlySpan<byte> binding)
    {
        AesGcm cipher = Take(out int slot);
        try
        {
            cipher.Decrypt(parts.Nonce, parts.Ciphertext, parts.Tag, content, binding);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        finally
        {
            GiveBack(slot, cipher);
        }
    }

    private AesGcm Take(out int slot)
    {
        slot = Thread.GetCurrentProcessorId() % _idle.Length;
        return Interlocked.Exchange(ref _idle[slot], null) ?? new AesGcm(key, SealedFormat.TagSize);
    }

    private void GiveBack(int slot, AesGcm cipher) => Interlocked.Exchange(ref _idle[slot], cipher)?.Dispose();
}
