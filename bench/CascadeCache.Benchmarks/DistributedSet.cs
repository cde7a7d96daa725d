using BenchmarkDotNet.Attributes;
using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks;

/// <summary>
/// What do the lock and the publishing in memcached add to a commit? The emulator's commit is far faster than the service's, so the real part is smaller.
/// </summary>
[MemoryDiagnoser]
public class DistributedSet : IDisposable
{
    private WriteRig _rig = null!;
    private byte[] _value = null!;

    [Params(100, 1024, 100 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _value = new byte[Size];
        new Random(1).NextBytes(_value);
        _rig = new WriteRig();
    }

    [GlobalCleanup]
    public void Dispose() => _rig.Dispose();

    [Benchmark(Baseline = true)]
    public Task DatastoreAlone() => _rig.SetAsync(_rig.DatastoreAlone, _value);

    [Benchmark]
    public Task MemcacheAndDatastore() => _rig.SetAsync(_rig.Both, _value);
}
