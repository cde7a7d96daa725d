using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace CascadeCache.Entries;

/// <summary>
/// The keys used last, so that a key that is used again, as a session's is several times in a request, is not built again: its two names, its fingerprint and its text are more bytes than
/// all the rest of a read. Two places for each hash; whoever comes takes the first, and the one that was there the second. Nothing is searched, and nothing has to be removed. Safe for use by any thread.
/// </summary>
/// <param name="prefix">Stands before every key.</param>
/// <param name="scope">See <see cref="CacheKey"/>.</param>
internal sealed class KeyCache(string prefix, long scope)
{
    /// <summary>A longer key is built each time: what is remembered is bounded, at about 3 MiB.</summary>
    public const int LongestKept = 128;

    /// <summary>How many are remembered at most.</summary>
    public const int Places = 8192;

    private readonly CacheKey?[] _places = new CacheKey?[Places];

    /// <summary>The key for an application's key.</summary>
    public CacheKey Of(string key)
    {
        if (key.Length > LongestKept)
        {
            return new CacheKey(prefix + key, scope);
        }

        // Another thread may write between any two of these lines: then a key is built that need not have been.
        int place = PlaceOf(key);
        CacheKey? first = Volatile.Read(ref _places[place]);
        if (Is(first, key))
        {
            return first!;
        }

        CacheKey? second = Volatile.Read(ref _places[place + 1]);
        CacheKey found = Is(second, key) ? second! : new CacheKey(prefix + key, scope);
        Volatile.Write(ref _places[place + 1], first);
        Volatile.Write(ref _places[place], found);
        return found;
    }

    private static int PlaceOf(string key) => (int)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(key.AsSpan())) & (Places - 2);

    private bool Is(CacheKey? known, string key) =>
        known is not null && known.Text.Length == prefix.Length + key.Length && known.Text.EndsWith(key, StringComparison.Ordinal);
}
