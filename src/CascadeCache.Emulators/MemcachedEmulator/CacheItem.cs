namespace CascadeCache.Emulators.Memcached;

/// <summary>One stored item. Belongs to the <see cref="ItemStore"/>; every field is read and written under its lock only.</summary>
internal sealed class CacheItem(byte[] key, byte[] value, uint clientFlags, uint expiry)
{
    /// <summary>Item header 48, CAS 8, the NUL after the key, CR LF after the value.</summary>
    private const int Overhead = 48 + 8 + 1 + 2;

    /// <summary>Values above this are kept in several chunks by a real server, which then refuses arithmetic on them.</summary>
    private const int ChunkedFrom = 512 * 1024;

    public byte[] Key { get; } = key;

    public byte[] Value { get; set; } = value;

    public uint ClientFlags { get; } = clientFlags;

    /// <summary>On the <see cref="ServerClock"/>; 0 = never.</summary>
    public uint Expiry { get; set; } = expiry;

    public ulong Cas { get; set; }

    /// <summary>When it was stored or last used, on the <see cref="ServerClock"/>.</summary>
    public uint Time { get; set; }

    public bool Fetched { get; set; }

    /// <summary>The key was given in base64 when the item was stored: replies give it back so.</summary>
    public bool KeyIsBinary { get; set; }

    /// <summary>Somebody has been told to fill it (W); everybody after gets Z.</summary>
    public bool TokenSent { get; set; }

    public bool Stale { get; set; }

    public LinkedListNode<CacheItem>? Node { get; set; }

    public long Bytes => BytesOf(Key.Length, ClientFlags, Value.Length);

    public bool IsChunked => Bytes > ChunkedFrom;

    public static long BytesOf(int keyLength, uint clientFlags, int valueLength) =>
        Overhead + keyLength + (long)valueLength + (clientFlags == 0 ? 0 : 4);
}
