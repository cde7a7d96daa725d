namespace CascadeCache.Session;

/// <summary>The entries of one request where there is no tier beneath it. Safe for use by any thread. Owns its arrays; callers clone them.</summary>
internal sealed class RequestEntries
{
    private readonly Dictionary<string, (byte[] Value, long Version)> _entries = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <returns>The value, to be cloned, and its version; nulls if there is none.</returns>
    public (byte[]? Value, long? Version) Find(string key)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(key, out (byte[] Value, long Version) entry) ? (entry.Value, entry.Version) : (null, null);
        }
    }

    /// <param name="key">The key.</param>
    /// <param name="value">Belongs to the entries from now on; null removes.</param>
    /// <param name="version">The new version.</param>
    public void Put(string key, byte[]? value, long version)
    {
        lock (_lock)
        {
            PutLocked(key, value, version);
        }
    }

    /// <summary>As <see cref="Put"/>, if the key still has the version that is expected; null: if there is no entry.</summary>
    public bool TryPut(string key, byte[]? value, long version, long? expected)
    {
        lock (_lock)
        {
            long? current = _entries.TryGetValue(key, out (byte[] Value, long Version) entry) ? entry.Version : null;
            if (current != expected)
            {
                return false;
            }

            PutLocked(key, value, version);
            return true;
        }
    }

    private void PutLocked(string key, byte[]? value, long version)
    {
        if (value is null)
        {
            _entries.Remove(key);
        }
        else
        {
            _entries[key] = (value, version);
        }
    }
}
