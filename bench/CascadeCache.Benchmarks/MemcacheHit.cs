using BenchmarkDotNet.Attributes;
using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks;

/// <summary>What does one read cost that memcached answers, beside a bare round trip to the same server?</summary>
[MemoryDiagnoser]
public class MemcacheHit : IDisposable
{
    private HitRig _rig = null!;
    private byte[] _request = null!;

    [Params(100, 1024, 100 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _rig = new HitRig(Size);
        _request = _rig.RawRequest(times: 1);
    }

    [GlobalCleanup]
    public void Dispose() => _rig.Dispose();

    [Benchmark(Baseline = true)]
    public long RawSocket() => _rig.Raw.Get(_request, times: 1);

    [Benchmark]
    public byte[]? Get() => _rig.Cache.Get(HitRig.Key);

    [Benchmark]
    public Task<byte[]?> GetAsync() => _rig.Cache.GetAsync(HitRig.Key);
}
