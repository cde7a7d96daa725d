namespace CascadeCache.Memcache;

/// <summary>A key that the text protocol can carry: 1 to 250 bytes, each a visible ASCII character. Checked here, because memcached runs the value after a bad key as commands.</summary>
internal readonly struct MemcacheKey
{
    public const int MaxBytes = 250;

    /// <exception cref="ArgumentException">The key is empty, too long or has a byte that would end it.</exception>
    public MemcacheKey(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length is 0 or > MaxBytes)
        {
            throw new ArgumentException($"A memcached key has 1 to {MaxBytes} bytes; this one has {bytes.Length}.", nameof(bytes));
        }

        if (bytes.Span.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E))
        {
            throw new ArgumentException("A memcached key consists of the bytes 0x21 to 0x7E; this one has another.", nameof(bytes));
        }

        Bytes = bytes;
    }

    public ReadOnlyMemory<byte> Bytes { get; }
}
