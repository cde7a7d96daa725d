namespace CascadeCache.Emulators.Memcached;

/// <summary>A storage command whose line was accepted and whose data block is on its way.</summary>
internal sealed class PendingStore(byte[] key, int length)
{
    private readonly byte[] _end = new byte[2];
    private int _received;

    public byte[] Key { get; } = key;

    public byte[] Value { get; } = new byte[length];

    public StoreMode Mode { get; init; }

    public uint ClientFlags { get; init; }

    public uint Expiry { get; init; }

    public ulong Cas { get; init; }

    public bool AllowStale { get; init; }

    public bool KeyIsBinary { get; init; }

    /// <summary>Classic <c>noreply</c>, or the meta flag <c>q</c>.</summary>
    public bool Quiet { get; init; }

    /// <summary>The flags an <c>ms</c> reply gives back, as words; null for a classic command.</summary>
    public byte[]? MetaReturn { get; init; }

    public bool IsComplete => _received == Value.Length + _end.Length;

    /// <summary>The block must be followed by exactly CR LF.</summary>
    public bool IsWellEnded => _end is [(byte)'\r', (byte)'\n'];

    /// <summary>Takes what belongs to the block from the start of <paramref name="bytes"/>; returns how much that was.</summary>
    public int Take(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        if (_received < Value.Length)
        {
            taken = Math.Min(bytes.Length, Value.Length - _received);
            bytes[..taken].CopyTo(Value.AsSpan(_received));
            _received += taken;
        }

        while (taken < bytes.Length && !IsComplete)
        {
            _end[_received++ - Value.Length] = bytes[taken++];
        }

        return taken;
    }
}
