using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Routing;

namespace CascadeCache.Benchmarks.Micro;

/// <summary>What does it cost to find a key's server, beside the hash that the ring is defined with?</summary>
[MemoryDiagnoser]
public class RingLookup
{
    private readonly byte[] _key = Encoding.ASCII.GetBytes("session.0123456789abcdef0123456789abcdef0123");
    private KetamaRing<int> _ring = null!;

    [Params(1, 4, 32)]
    public int Servers { get; set; }

    [GlobalSetup]
    public void Setup() => _ring = new KetamaRing<int>(
        [.. Enumerable.Range(1, Servers).Select(static i => (new MemcacheServerAddress(string.Create(CultureInfo.InvariantCulture, $"10.0.0.{i}"), MemcacheServerAddress.DefaultPort), i))]);

#pragma warning disable CA5351 // MD5 is what ketama is defined with; nothing here is a secret.
    [Benchmark(Baseline = true)]
    public int Hash()
    {
        Span<byte> digest = stackalloc byte[MD5.HashSizeInBytes];
        return MD5.HashData(_key, digest);
    }
#pragma warning restore CA5351

    [Benchmark]
    public int Find() => _ring.Find(_key);
}
