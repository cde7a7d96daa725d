namespace CascadeCache.Session.Store;

/// <summary>What one request knows of its stored session.</summary>
internal sealed class SessionState
{
    public bool IsLoaded { get; private set; }

    /// <summary>
    /// What the session object of this request stands on: what it loaded, and after a commit what it wrote. Never what a merge made of that: the session object does not know the names that
    /// others added, and they would look removed by it in the next commit.
    /// </summary>
    public byte[]? Base { get; private set; }

    /// <summary>What is really stored, as far as this request has seen; null if nothing is.</summary>
    public byte[]? Current { get; private set; }

    /// <summary>The version of <see cref="Current"/>; null if it is not known.</summary>
    public CacheVersion? Version { get; private set; }

    public void Loaded(byte[]? value, CacheVersion? version) => (IsLoaded, Base, Current, Version) = (true, value, value, version);

    /// <summary>Another request's write was met and read.</summary>
    public void Seen(VersionedValue value) => (Current, Version) = (value.Value, value.Version);

    /// <summary>A write has succeeded.</summary>
    /// <param name="mine">What the session object wrote.</param>
    /// <param name="stored">What was stored for it.</param>
    /// <param name="version">Its version, if it was told.</param>
    public void Written(byte[] mine, byte[] stored, CacheVersion? version) => (IsLoaded, Base, Current, Version) = (true, mine, stored, version);

    public void Forget() => (IsLoaded, Base, Current, Version) = (false, null, null, null);
}
