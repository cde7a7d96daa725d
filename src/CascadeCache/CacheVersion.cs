namespace CascadeCache;

/// <summary>
/// The version of an entry, or of its absence, as <see cref="IVersionedDistributedCache"/> tells it. Opaque: compare it for equality and give it back, nothing else. Worth something only to the
/// cache that told it, in the process that read it. Sixteen bytes and a flag; it refers to no memory.
/// </summary>
public readonly record struct CacheVersion
{
    /// <summary>Creates the version of an entry that exists. For those who implement the interface.</summary>
    /// <param name="number">The store's own number.</param>
    /// <param name="epoch">Within what the number means anything; 0 if it always does.</param>
    public CacheVersion(long number, long epoch = 0)
    {
        (Number, Epoch, Exists) = (number, epoch, true);
    }

    /// <summary>There is no entry. The default of the type.</summary>
    public static CacheVersion Absent => default;

    /// <summary>Whether there is an entry.</summary>
    public bool Exists { get; }

    /// <summary>The store's own number.</summary>
    public long Number { get; }

    /// <summary>Within what <see cref="Number"/> means anything; 0 if it always does.</summary>
    public long Epoch { get; }
}

/// <summary>A value with the version that it was read at.</summary>
/// <param name="Value">The value, the caller's to keep; null if there is none.</param>
/// <param name="Version">Its version; <see cref="CacheVersion.Absent"/> if there is none.</param>
public readonly record struct VersionedValue(byte[]? Value, CacheVersion Version);
