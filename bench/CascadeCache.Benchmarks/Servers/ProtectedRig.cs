using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>Two caches on one memcached that differ in one option.</summary>
internal sealed class ProtectedRig : IDisposable
{
    private const string Key = "0123456789abcdef0123456789abcdef0123";

    private readonly LoopbackMemcached _server = LoopbackMemcached.Start();
    private readonly DistributedCacheEntryOptions _entry = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(12) };
    private readonly byte[] _value;

    public ProtectedRig(int size)
    {
        _value = new byte[size];
        new Random(1).NextBytes(_value);
        Plain = NewCache("plain.", isProtected: false);
        Protected = NewCache("protected.", isProtected: true);
        foreach (CascadeDistributedCache cache in (CascadeDistributedCache[])[Plain, Protected])
        {
            cache.Set(Key, _value, _entry);
            if (!_value.AsSpan().SequenceEqual(cache.Get(Key)))
            {
                throw new InvalidOperationException("The cache does not return what was stored.");
            }
        }
    }

    public CascadeDistributedCache Plain { get; }

    public CascadeDistributedCache Protected { get; }

    public static Task<byte[]?> GetAsync(CascadeDistributedCache cache) => cache.GetAsync(Key);

    public Task SetAsync(CascadeDistributedCache cache) => cache.SetAsync(Key, _value, _entry);

    public void Dispose()
    {
        CascadeCacheStatistics[] statistics = [Plain.GetStatistics(), Protected.GetStatistics()];
        Plain.Dispose();
        Protected.Dispose();
        _server.Dispose();
        if (statistics.Any(static s => s.MemcacheMisses > 0 || s.RejectedPayloads > 0 || s.Retries > 0))
        {
            throw new InvalidOperationException("Not every read was a hit, or not every call went the usual way.");
        }
    }

    private CascadeDistributedCache NewCache(string prefix, bool isProtected)
    {
        var options = new CascadeCacheOptions
        {
            Backends = CascadeBackends.Memcache,
            KeyPrefix = prefix,
            ProtectValues = isProtected,
            DataProtection = new EphemeralDataProtectionProvider(),
        };
        options.Memcache.Servers.Add(_server.Host);
        return new CascadeDistributedCache(options);
    }
}
