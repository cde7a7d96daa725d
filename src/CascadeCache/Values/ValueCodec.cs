using System.Buffers;

namespace CascadeCache.Values;

/// <summary>
/// Turns values into what is stored and back. Whether it compresses is a setting; it decodes whatever any setting encodes. No state but its settings: any thread.
/// </summary>
/// <param name="thresholdBytes">Values of at least this length are compressed, if that makes them smaller; 0: none.</param>
/// <param name="pool">Where memory comes from; null: the shared pool.</param>
/// <param name="maxDecodedBytes">The longest value that is compressed, and that is believed to have been.</param>
internal sealed class ValueCodec(long thresholdBytes, ArrayPool<byte>? pool = null, int maxDecodedBytes = ValueCodec.MaxDecodedBytes)
{
    /// <summary>
    /// 64 MiB: what a forged length can make a reader allocate, and far above what both tiers can hold of anything but zeros. The same in every process: what one encodes every
    /// other one has to decode, whatever its options.
    /// </summary>
    public const int MaxDecodedBytes = 64 * 1024 * 1024;

    private readonly ArrayPool<byte> _pool = pool ?? ArrayPool<byte>.Shared;

    /// <summary>Whether this version can decode what has this number.</summary>
    public static bool Knows(long encoding) => encoding is (long)ValueEncoding.None or (long)ValueEncoding.Brotli;

    /// <summary>The stored form of a value; the value itself where compression is off, not worth trying, or of no use.</summary>
    public EncodedValue Encode(in ReadOnlySequence<byte> value)
    {
        bool isWorthTrying = thresholdBytes > 0 && value.Length >= thresholdBytes && value.Length <= maxDecodedBytes;
        return isWorthTrying && BrotliForm.TryCompress(value, _pool) is { } compressed
            ? new EncodedValue(new ReadOnlySequence<byte>(compressed.Memory), ValueEncoding.Brotli, compressed)
            : new EncodedValue(value, ValueEncoding.None, owner: null);
    }

    /// <summary>Finds the value in its stored form. Whatever the bytes are, it throws nothing and takes no more memory than the longest value needs.</summary>
    /// <param name="stored">What is stored.</param>
    /// <param name="encoding">How it was made.</param>
    /// <param name="value">The value: the stored bytes themselves, or memory of the owner.</param>
    /// <param name="owner">To be disposed exactly once, when the value is no longer used; null: the value has the memory of what is stored.</param>
    /// <returns>False: the bytes are damaged or forged, or of an encoding that this version does not know.</returns>
    public bool TryDecode(in ReadOnlySequence<byte> stored, ValueEncoding encoding, out ReadOnlySequence<byte> value, out IDisposable? owner)
    {
        (value, owner) = (default, null);
        switch (encoding)
        {
            case ValueEncoding.None:
                value = stored;
                return true;
            case ValueEncoding.Brotli when BrotliForm.TryDecompress(stored, maxDecodedBytes, _pool) is { } decompressed:
                (value, owner) = (new ReadOnlySequence<byte>(decompressed.Memory), decompressed);
                return true;
            default:
                return false;
        }
    }
}
