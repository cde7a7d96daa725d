namespace CascadeCache.Session;

/// <summary>Which keys have copies. The options are read once; what is added to them later has no effect.</summary>
internal sealed class KeySelection(RequestLayerOptions options)
{
    private readonly string[] _prefixes = [.. options.KeyPrefixes];
    private readonly Func<string, bool>? _includes = options.Includes;

    public bool Selects(string key)
    {
        if (_prefixes.Length == 0 && _includes is null)
        {
            return true;
        }

        foreach (string prefix in _prefixes)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return _includes is not null && _includes(key);
    }
}
