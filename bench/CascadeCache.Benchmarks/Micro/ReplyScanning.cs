using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using CascadeCache.Benchmarks.Micro.Fakes;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Benchmarks.Micro;

/// <summary>What does a reply cost from the socket's bytes to the request that it is proved to answer, beside the copy out of the stream?</summary>
[MemoryDiagnoser]
public class ReplyScanning : IDisposable
{
    private const int Replies = 64;

    private readonly PendingQueue _queue = new();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private PendingRequest[] _requests = null!;
    private RepeatedReplies _copied = null!;
    private ReplyScanner _lines = null!;
    private ReplyScanner _scanner = null!;
    private ReplyReader _reader = null!;
    private int _length;

    [Params(100, 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var key = new MemcacheKey(Encoding.ASCII.GetBytes("session.0123456789abcdef0123456789abcdef0123"));
        string value = new('v', Size);
        byte[] replies = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, Replies).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"VA {Size} c123456789 f1 t1200 k{Encoding.ASCII.GetString(key.Bytes.Span)} O{i}\r\n{value}\r\n"))));
        _length = replies.Length;
        _requests = [.. Enumerable.Range(0, Replies).Select(i =>
        {
            var request = new PendingRequest();
            request.Begin(RequestKind.Get, key, (uint)i, queuedAt: 0, blocking: false);
            return request;
        })];
        var server = new MemcacheServerInfo(new Version(1, 6, 18), MemcacheServerInfo.DefaultItemSizeMax, null, TimeSpan.Zero, AskedAt: 0);
        _copied = new RepeatedReplies(replies);
        _lines = new ReplyScanner(new RepeatedReplies(replies), TimeProvider.System);
        _scanner = new ReplyScanner(new RepeatedReplies(replies), TimeProvider.System);
        _reader = new ReplyReader(_scanner, server, epoch: 1);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _lines.Dispose();
        _scanner.Dispose();
        _copied.Dispose();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Replies)]
    public int Copy()
    {
        int copied = 0;
        while (copied < _length)
        {
            copied += _copied.Read(_buffer.AsSpan(0, Math.Min(_buffer.Length, _length - copied)));
        }

        return copied;
    }

    [Benchmark(OperationsPerInvoke = Replies)]
    public long Scan()
    {
        long bytes = 0;
        for (int i = 0; i < Replies; i++)
        {
            _lines.ReadLine();
            ReceivedValue value = _lines.ReadValue(Size);
            bytes += value.Memory.Length;
            value.Loan.Dispose();
        }

        return bytes;
    }

    [Benchmark(OperationsPerInvoke = Replies)]
    public long ScanParseAndMatch()
    {
        foreach (PendingRequest request in _requests)
        {
            _queue.Enqueue(request);
        }

        long bytes = 0;
        for (int i = 0; i < Replies; i++)
        {
            MemcacheReply reply = _reader.Read(_queue, out _);
            bytes += reply.Value.Length;
            reply.Loan.Dispose();
        }

        return bytes;
    }
}
