namespace CascadeCache;

/// <summary>
/// The version of an entry, or of its absence, as <see cref="IVersionedDistributedCache"/> tells it. Opaque: ask whether it <see cref="Exists"/> and give it back, nothing else. Worth something only to the
/// cache that told it, in the process that read it. Refers to no memory.
/// </summary>
/// <remarks>There may be more than one version of absence: one that was told for an entry that has expired knows what is still stored, and saves a later write the trouble to find out.</remarks>
public readonly record struct CacheVersion
{
    /// <summary>Creates the version of an entry that exists. For those who implement the interface.</summary>
    /// <param name="number">The store's own number.</param>
    /// <param name="epoch">Within what the number means anything; 0 if it always does.</param>
    public CacheVersion(long number, long epoch = 0)
    {
        (Number, Epoch, Exists, IsStored) = (number, epoch, true, true);
    }

    /// <summary>There is no entry, as far as anybody knows. The default of the type.</summary>
    public static CacheVersion Absent => default;

    /// <summary>There is no entry any more, but one that has expired is still stored with this number.</summary>
    internal static CacheVersion Expired(long number) => new() { Number = number, IsStored = true };

    /// <summary>Whether there is an entry.</summary>
    public bool Exists { get; }

    /// <summary>Whether there is something that can be replaced under <see cref="Number"/>.</summary>
    internal bool IsStored { get; private init; }

    /// <summary>The store's own number.</summary>
    public long Number { get; private init; }

    /// <summary>Within what <see cref="Number"/> means anything; 0 if it always does.</summary>
    public long Epoch { get; }
}

/// <summary>A value with the version that it was read at.</summary>
/// <param name="Value">The value, the caller's to keep; null if there is none.</param>
/// <param name="Version">Its version; one that does not exist (<see cref="CacheVersion.Exists"/>) if there is none.</param>
public readonly record struct VersionedValue(byte[]? Value, CacheVersion Version);
