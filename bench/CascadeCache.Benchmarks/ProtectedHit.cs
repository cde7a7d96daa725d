using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks;

/// <summary>What does <see cref="CascadeCacheOptions.ProtectValues"/> add to a hit and to a write, through the whole cache over memcached alone?</summary>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class ProtectedHit : IDisposable
{
    private ProtectedRig _rig = null!;

    [Params(100, 4 * 1024, 64 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup() => _rig = new ProtectedRig(Size);

    [GlobalCleanup]
    public void Dispose() => _rig.Dispose();

    [Benchmark(Baseline = true), BenchmarkCategory("Get")]
    public Task<byte[]?> GetPlain() => ProtectedRig.GetAsync(_rig.Plain);

    [Benchmark, BenchmarkCategory("Get")]
    public Task<byte[]?> GetProtected() => ProtectedRig.GetAsync(_rig.Protected);

    [Benchmark(Baseline = true), BenchmarkCategory("Set")]
    public Task SetPlain() => _rig.SetAsync(_rig.Plain);

    [Benchmark, BenchmarkCategory("Set")]
    public Task SetProtected() => _rig.SetAsync(_rig.Protected);
}
