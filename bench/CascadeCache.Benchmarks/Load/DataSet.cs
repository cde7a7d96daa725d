using System.Globalization;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Benchmarks.Load;

/// <summary>Keys of 36 characters, as a session's are, and for each a value of one size whose first and last byte tell whose it is.</summary>
internal sealed class DataSet
{
    private readonly byte[] _template;
    private readonly byte[]?[] _kept;

    public DataSet(int count, int size, string name = "key")
    {
        Size = size;
        Keys = [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{name}-{size:D8}-{i:D8}").PadRight(36, 'x'))];
        _kept = new byte[count][];
        _template = new byte[size];
        new Random(1).NextBytes(_template);
    }

    public string[] Keys { get; }

    public int Size { get; }

    public byte[] ValueOf(int item)
    {
        byte[] value = (byte[])_template.Clone();
        (value[0], value[^1]) = (First(item), Last(item));
        return value;
    }

    /// <summary>The same, made once: for writers, which write it again and again.</summary>
    public byte[] KeptValueOf(int item) => _kept[item] ??= ValueOf(item);

    public bool IsValueOf(int item, ReadOnlySpan<byte> value) => value.Length == Size && value[0] == First(item) && value[^1] == Last(item);

    /// <summary>Stores all values, a few at a time.</summary>
    public void Fill(IDistributedCache cache, DistributedCacheEntryOptions entry) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, Keys.Length),
            new ParallelOptions { MaxDegreeOfParallelism = 64 },
            async (item, token) => await cache.SetAsync(Keys[item], ValueOf(item), entry, token)).GetAwaiter().GetResult();

    private static byte First(int item) => (byte)item;

    private static byte Last(int item) => (byte)((item >> 8) ^ 0x5A);
}
