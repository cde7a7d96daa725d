using BenchmarkDotNet.Attributes;
using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks;

/// <summary>What does a hit cost when many callers share the one connection? The times are per hit: their inverse is the throughput.</summary>
[MemoryDiagnoser]
public class ConcurrentMemcacheHits : IDisposable
{
    private const int Hits = 25_600;

    private HitRig _rig = null!;
    private byte[] _requests = null!;

    [Params(32, 256)]
    public int Callers { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _rig = new HitRig(size: 1024);
        _requests = _rig.RawRequest(Callers);
    }

    [GlobalCleanup]
    public void Dispose() => _rig.Dispose();

    /// <summary>One thread that sends as many requests in one go as there are callers, and reads their replies.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Hits)]
    public long RawPipelined()
    {
        long bytes = 0;
        for (int sent = 0; sent < Hits; sent += Callers)
        {
            bytes += _rig.Raw.Get(_requests, Callers);
        }

        return bytes;
    }

    [Benchmark(OperationsPerInvoke = Hits)]
    public Task GetAsync() => Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(CallAsync)));

    private async Task CallAsync()
    {
        for (int i = 0; i < Hits / Callers; i++)
        {
            await _rig.Cache.GetAsync(HitRig.Key);
        }
    }
}
