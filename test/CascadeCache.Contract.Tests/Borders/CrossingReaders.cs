using CascadeCache.Contract.Tests.Outages;

namespace CascadeCache.Contract.Tests.Borders;

/// <summary>
/// Readers that go on while one writer changes a value's size, and note what no reader may see: a value that nobody has written, one that is older than a value that it saw before, or than
/// one that was acknowledged before it asked.
/// </summary>
internal sealed class CrossingReaders
{
    private readonly Lock _gate = new();
    private readonly List<string> _faults = [];
    private int _acknowledged;
    private int _reads;
    private volatile bool _isOver;

    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_gate)
            {
                return [.. _faults];
            }
        }
    }

    public int Reads => Volatile.Read(ref _reads);

    /// <summary>The writer was told that this version is stored.</summary>
    public void Acknowledge(int version) => Volatile.Write(ref _acknowledged, version);

    /// <summary>The readers end after the read that they are at.</summary>
    public void End() => _isOver = true;

    public Task RunAsync(CascadeDistributedCache cache, CallStyle style, string key) => style == CallStyle.Async
        ? Task.Run(() => ReadAllAsync(cache, style, key), OutageFixture.Token)
        : CacheUnderTest.OnThread(async () =>
        {
            await ReadAllAsync(cache, style, key);
            return true;
        });

    /// <summary>Judges one value that a reader got.</summary>
    /// <param name="value">The value.</param>
    /// <param name="least">The version that was acknowledged before it asked, or that it saw before.</param>
    /// <returns>The value's version, or the least if it has none.</returns>
    public int Judge(byte[]? value, int least)
    {
        Interlocked.Increment(ref _reads);
        int? version = value is null ? null : StampedValue.VersionOf(value);
        if (version is null || version < least)
        {
            lock (_gate)
            {
                _faults.Add(value is null ? $"nothing after version {least}" : version is null ? $"{value.Length} bytes that nobody has written" : $"version {version} after version {least}");
            }
        }

        return Math.Max(version ?? least, least);
    }

    private async Task ReadAllAsync(CascadeDistributedCache cache, CallStyle style, string key)
    {
        int seen = 0;
        while (!_isOver && Faults.Count == 0)
        {
            int least = Math.Max(seen, Volatile.Read(ref _acknowledged));
            byte[]? value = style == CallStyle.Sync ? cache.Get(key) : await cache.GetAsync(key, OutageFixture.Token);
            seen = Judge(value, least);
        }
    }
}
