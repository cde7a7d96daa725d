using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>memcached and Datastore, each in a process of its own, with a cache on them and one value in all forms that calls take it in.</summary>
internal sealed class AllocationRig : IDisposable
{
    private const string Key = "0123456789abcdef0123456789abcdef0123";
    private const int SegmentBytes = 4096; // as those of a pipe

    // Locks as short as this let the wait for the first hit end after a few seconds; the largest commit takes far less.
    private static readonly TimeSpan DatastoreTimeout = TimeSpan.FromSeconds(5);

    private readonly DistributedCacheEntryOptions _entry = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(12) };
    private readonly ArrayBufferWriter<byte> _writer = new();
    private readonly CascadeDistributedCache _cache;
    private byte[] _value = [];
    private ReadOnlySequence<byte> _sequence;

    public AllocationRig(LoopbackMemcached memcached, DatastoreChild datastore, CascadeBackends backends)
    {
        var options = new CascadeCacheOptions { Backends = backends };
        options.Memcache.Servers.Add(memcached.Host);
        options.Datastore.EmulatorHost = datastore.Host;
        options.Datastore.ProjectId = "benchmark";
        options.Datastore.OperationTimeout = options.Resilience.Datastore.TotalTimeout = DatastoreTimeout;
        options.Resilience.LateCommitAllowance = TimeSpan.Zero;
        _cache = new CascadeDistributedCache(options);
        Use(100);
        WaitUntilWritesArePublished();
    }

    public CascadeCacheStatistics Statistics => _cache.GetStatistics();

    private IBufferDistributedCache Buffers => _cache;

    /// <summary>From now on the value has this size; it is stored.</summary>
    public void Use(int size)
    {
        _value = new byte[size];
        new Random(1).NextBytes(_value);
        _sequence = Segment.Of(_value, SegmentBytes);
        _writer.ResetWrittenCount();
        Set();
        if (!_value.AsSpan().SequenceEqual(_cache.Get(Key)))
        {
            throw new InvalidOperationException("The cache does not return what was stored.");
        }
    }

    public void Get() => _cache.Get(Key);

    public void GetAsync() => _cache.GetAsync(Key).GetAwaiter().GetResult();

    public void TryGetAsync()
    {
        _writer.ResetWrittenCount();
        ValueTask<bool> got = Buffers.TryGetAsync(Key, _writer);
        if (!(got.IsCompleted ? got.Result : got.AsTask().GetAwaiter().GetResult()))
        {
            throw new InvalidOperationException("The value is not there.");
        }
    }

    public void Set() => _cache.Set(Key, _value, _entry);

    public void SetAsync() => _cache.SetAsync(Key, _value, _entry).GetAwaiter().GetResult();

    public void SetSequenceAsync() => Buffers.SetAsync(Key, _sequence, _entry).AsTask().GetAwaiter().GetResult();

    public void Dispose() => _cache.Dispose();

    // A memcached that has just started may have lost locks, so that writes to it publish nothing; what is measured is the time after.
    private void WaitUntilWritesArePublished()
    {
        while (Statistics.MemcacheHits == 0)
        {
            Set();
            Get();
            Thread.Sleep(200);
        }
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public static ReadOnlySequence<byte> Of(byte[] bytes, int size)
        {
            var first = new Segment { Memory = bytes.AsMemory(0, Math.Min(size, bytes.Length)) };
            Segment last = first;
            for (int start = size; start < bytes.Length; start += size)
            {
                var next = new Segment { Memory = bytes.AsMemory(start, Math.Min(size, bytes.Length - start)), RunningIndex = start };
                last.Next = next;
                last = next;
            }

            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }
}
