using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;

namespace CascadeCache.Protection;

/// <summary>
/// What wrapped keys were found to be, for a limited time and a limited number of them: half of it are the newest, and when that half is full the other one is forgotten, so that
/// whoever floods it costs no more than that. Any thread; reads take no lock.
/// </summary>
internal sealed class RecentKeys(TimeProvider time, int capacity, TimeSpan life)
{
    private readonly Lock _gate = new();
    private volatile ConcurrentDictionary<byte[], Finding> _newer = Empty();
    private volatile ConcurrentDictionary<byte[], Finding> _older = Empty();

    /// <summary>How many are remembered.</summary>
    public int Count => _newer.Count + _older.Count;

    /// <param name="wrapped">A wrapped key.</param>
    /// <param name="key">What it was found to be; null: no key.</param>
    /// <returns>False: it was not asked for, or too long ago.</returns>
    public bool TryGet(ReadOnlySpan<byte> wrapped, out DataKey? key)
    {
        if (Find(_newer, wrapped, out _, out Finding? found))
        {
            key = found.Key;
            return time.GetElapsedTime(found.At) < life;
        }

        if (Find(_older, wrapped, out byte[]? name, out found) && time.GetElapsedTime(found.At) < life)
        {
            // Still in use: it moves to the newer half, and is no younger for that.
            Put(name, found);
            key = found.Key;
            return true;
        }

        key = null;
        return false;
    }

    public void Add(byte[] wrapped, DataKey? key) => Put(wrapped, new Finding(key, time.GetTimestamp()));

    private void Put(byte[] wrapped, Finding finding)
    {
        lock (_gate)
        {
            if (_newer.Count >= capacity / 2)
            {
                (_older, _newer) = (_newer, Empty());
            }

            _newer[wrapped] = finding;
        }
    }

    private static bool Find(
        ConcurrentDictionary<byte[], Finding> half, ReadOnlySpan<byte> wrapped, [NotNullWhen(true)] out byte[]? name, [NotNullWhen(true)] out Finding? found) =>
        half.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(wrapped, out name, out found);

    private static ConcurrentDictionary<byte[], Finding> Empty() => new(ByBytes.Instance);

    private sealed record Finding(DataKey? Key, long At);

    private sealed class ByBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly ByBytes Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)XxHash3.HashToUInt64(alternate);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
