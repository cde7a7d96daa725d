using System.Buffers;
using BenchmarkDotNet.Attributes;
using CascadeCache.Benchmarks.Micro.Fakes;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace CascadeCache.Benchmarks.Micro;

/// <summary>What does the protocol of a read and of a write cost by itself, over tiers that answer at once? Baseline: the checksum of the payload.</summary>
[MemoryDiagnoser]
public class WholeFlow
{
    private readonly CacheKey _key = new("session.0123456789abcdef0123456789abcdef0123");
    private readonly EntryLifetime _lifetime = new(EntryLifetime.Never, 1_200_000);
    private ICacheFlow _memcache = null!;
    private ICacheFlow _distributed = null!;
    private byte[] _payload = null!;

    [Params(100, 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _payload = new byte[Size];
        var durable = new CommittingTier();
        FlowServices services = Services(durable);
        _memcache = new VolatileOnlyFlow(services, new OneItemTier(), new BackgroundWork(services.Counters, NullLogger.Instance));
        _distributed = new CascadeFlow(services, new OneItemTier(), durable, new BackgroundWork(services.Counters, NullLogger.Instance));
        MemcacheSet().GetAwaiter().GetResult();
        DistributedSet().GetAwaiter().GetResult();
        if (MemcacheGet().GetAwaiter().GetResult() != Size || DistributedGet().GetAwaiter().GetResult() != Size)
        {
            throw new InvalidOperationException("What was written is not what is read.");
        }
    }

    [Benchmark(Baseline = true)]
    public ulong Checksum() => System.IO.Hashing.XxHash3.HashToUInt64(_payload);

    [Benchmark]
    public Task<int> MemcacheGet() => GetAsync(_memcache);

    [Benchmark]
    public Task<int> DistributedGet() => GetAsync(_distributed);

    [Benchmark]
    public Task MemcacheSet() => SetAsync(_memcache);

    [Benchmark]
    public Task DistributedSet() => SetAsync(_distributed);

    private static FlowServices Services(CommittingTier durable)
    {
        var settings = new FlowSettings(new CascadeCacheOptions(), durable.WriteDeadline);
        return new FlowServices(settings, TimeProvider.System, Guid.NewGuid, new CacheCounters(), NullLogger.Instance);
    }

    private async Task<int> GetAsync(ICacheFlow flow)
    {
        using FoundValue found = await flow.GetAsync(_key, CallContext.Async(CancellationToken.None));
        return (int)found.Payload.Length;
    }

    private Task SetAsync(ICacheFlow flow) =>
        flow.SetAsync(_key, new ReadOnlySequence<byte>(_payload), _lifetime, CallContext.Async(CancellationToken.None)).AsTask();
}
