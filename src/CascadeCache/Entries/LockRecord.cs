using System.Buffers.Binary;

namespace CascadeCache.Entries;

/// <summary>
/// A lock as it stands in the volatile tier: the writers that hold it, and whether two of them ever met under it. Once contended it stays so: only
/// a writer that was alone all the time may publish its value, of the others the last one to leave deletes the item.
/// </summary>
/// <remarks>
/// <code>
/// offset size content                                              (little-endian)
///      0    1 format: 0xC1, as every item's first byte
///      1    1 kind: 4 (EntryKind.Lock)
///      2    1 bit 0: contended
///      3   18 per holder: 16 bytes writer id, 2 bytes seconds that its write may still take, as of the time this record was stored
/// </code>
/// The seconds let a holder that died be dropped by the next writer, by the server's own clock: without them a key that is written again and again
/// would carry a dead writer's name, and stay uncached, for ever.
/// </remarks>
internal sealed class LockRecord
{
    /// <summary>
    /// The longest that a write can take, in seconds: twice the longest time-out that the options allow, and the flow's margin of one. A number beyond was not
    /// written by this cache and must not keep a key uncached for longer.
    /// </summary>
    public const int MaxSeconds = (2 * 60 * 60) + 1;

    /// <summary>The most writers that a record names: more than ever meet, and few enough that the record stays far below the server's item limit.</summary>
    public const int MaxHolders = 1024;

    private const int HeaderSize = 3;
    private const int HolderSize = 18;
    private const byte ContendedBit = 1;

    private readonly List<Holder> _holders;

    private LockRecord(bool contended, List<Holder> holders)
    {
        Contended = contended;
        _holders = holders;
    }

    public bool Contended { get; private init; }

    public bool IsEmpty => _holders.Count == 0;

    public int Size => HeaderSize + (_holders.Count * HolderSize);

    /// <summary>For how many seconds from now the record has to stay.</summary>
    public int SecondsLeft
    {
        get
        {
            int most = 0;
            foreach (Holder holder in _holders)
            {
                most = Math.Max(most, holder.SecondsLeft);
            }

            return most;
        }
    }

    /// <summary>Whether a lock of any version can have so many seconds left; a negative number stands for no end.</summary>
    public static bool CanLive(int secondsToLive) => secondsToLive is >= 0 and <= MaxSeconds + 1;

    /// <summary>Whether the bytes begin as a lock does. Nothing else is checked.</summary>
    public static bool IsLock(ReadOnlySpan<byte> item) => item.Length >= HeaderSize && item[0] == EntryFormat.FormatVersion && item[1] == (byte)EntryKind.Lock;

    /// <summary>A lock that nobody holds yet.</summary>
    public static LockRecord Empty(bool contended) => new(contended, []);

    public bool IsHeldBy(Guid writer) => _holders.Exists(h => h.Writer == writer);

    /// <summary>
    /// This lock with <paramref name="writer"/> among its holders; contended if it is not alone. In a full one it takes the place of the holder with the least
    /// time left, to whom that is as if the lock had been evicted: not alone, it checks the key after its commit.
    /// </summary>
    public LockRecord With(Guid writer, int seconds)
    {
        List<Holder> holders = [.. _holders.Where(h => h.Writer != writer)];
        if (holders.Count >= MaxHolders)
        {
            holders.Remove(holders.MinBy(static h => h.SecondsLeft));
        }

        holders.Add(new Holder(writer, seconds));
        return new LockRecord(Contended || holders.Count > 1, holders);
    }

    /// <summary>This lock without <paramref name="writer"/>. It stays contended: those who remain were not alone.</summary>
    public LockRecord Without(Guid writer) => new(contended: true, [.. _holders.Where(h => h.Writer != writer)]);

    /// <summary>This lock, contended.</summary>
    public LockRecord AsContended() => new(contended: true, _holders);

    public void Write(Span<byte> destination)
    {
        destination[0] = EntryFormat.FormatVersion;
        destination[1] = (byte)EntryKind.Lock;
        destination[2] = Contended ? ContendedBit : (byte)0;
        Span<byte> rest = destination[HeaderSize..];
        foreach (Holder holder in _holders)
        {
            holder.Writer.TryWriteBytes(rest);
            BinaryPrimitives.WriteUInt16LittleEndian(rest[16..], (ushort)holder.SecondsLeft);
            rest = rest[HolderSize..];
        }
    }

    /// <summary>Reads a lock of which <paramref name="secondsToLive"/> remain on the server.</summary>
    /// <returns>The lock without the holders whose time has run out; a contended one without holders if the bytes are not understood.</returns>
    public static LockRecord Read(ReadOnlySpan<byte> item, int secondsToLive)
    {
        int holdersSize = item.Length - HeaderSize;
        if (holdersSize is < 0 or > MaxHolders * HolderSize || holdersSize % HolderSize != 0 || !IsLock(item))
        {
            return Empty(contended: true);
        }

        var holders = new List<Holder>();
        for (ReadOnlySpan<byte> rest = item[HeaderSize..]; !rest.IsEmpty; rest = rest[HolderSize..])
        {
            holders.Add(new Holder(new Guid(rest[..16]), Math.Min(MaxSeconds, (int)BinaryPrimitives.ReadUInt16LittleEndian(rest[16..]))));
        }

        var stored = new LockRecord((item[2] & ContendedBit) != 0, holders);
        return stored.AfterSeconds(Elapsed(stored.SecondsLeft, secondsToLive));
    }

    private LockRecord AfterSeconds(int elapsed)
    {
        // A span of n ticks can be as short as n - 1 seconds, so a holder stays through its zeroth.
        List<Holder> alive = [.. _holders.Select(h => h with { SecondsLeft = h.SecondsLeft - elapsed }).Where(h => h.SecondsLeft >= 0)];

        // A holder that ran out may have committed: whoever is left was not alone.
        return new LockRecord(Contended || alive.Count < _holders.Count, alive);
    }

    // Stored with one second on top of the longest holder's. The server counts in whole ticks of its clock, so the difference is exact, and adds up
    // exactly however often the record is rewritten: were it rounded each time, a busy key's dead holder would not grow older.
    private static int Elapsed(int longest, int secondsToLive) => Math.Max(0, longest + 1 - secondsToLive);

    private readonly record struct Holder(Guid Writer, int SecondsLeft);
}
