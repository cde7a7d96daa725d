using System.Buffers;
using BenchmarkDotNet.Attributes;
using CascadeCache.Entries;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Benchmarks.Micro;

/// <summary>What does it cost to write a request into the outgoing buffer, beside the copy of its value?</summary>
[MemoryDiagnoser]
public class MetaCommands
{
    // As many as share a send when many callers are busy.
    private const int Requests = 64;

    private readonly OutgoingBuffer _buffer = new();
    private readonly MemcacheKey _key = new(new CacheKey("session.0123456789abcdef0123456789abcdef0123").VolatileName);
    private MemcacheRequest _get;
    private MemcacheRequest _set;
    private byte[] _payload = null!;

    [Params(100, 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _payload = new byte[Size];
        var set = new MemcacheSet(new byte[EntryFormat.HeaderSize], new ReadOnlySequence<byte>(_payload), 1, 1200);
        _get = new MemcacheRequest(RequestKind.Get, _key, new MemcacheGet(WithValue: true, LeaseSeconds: 10), default, null);
        _set = new MemcacheRequest(RequestKind.Set, _key, default, set, new CasToken(123_456_789, 1));
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Requests)]
    public void CopyOfPayload()
    {
        for (uint i = 0; i < Requests; i++)
        {
            _buffer.Append(_payload);
        }

        _buffer.Clear();
    }

    [Benchmark(OperationsPerInvoke = Requests)]
    public void Get() => Write(_get);

    [Benchmark(OperationsPerInvoke = Requests)]
    public void Set() => Write(_set);

    private void Write(in MemcacheRequest request)
    {
        for (uint i = 0; i < Requests; i++)
        {
            RequestWriter.Write(_buffer, request, i);
        }

        _buffer.Clear();
    }
}
