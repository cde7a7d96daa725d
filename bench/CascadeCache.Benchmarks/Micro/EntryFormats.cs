using System.Buffers;
using System.IO.Hashing;
using BenchmarkDotNet.Attributes;
using CascadeCache.Entries;

namespace CascadeCache.Benchmarks.Micro;

/// <summary>What does the envelope cost, beside the checksum of the payload that is most of it?</summary>
[MemoryDiagnoser]
public class EntryFormats
{
    private const long Fingerprint = 0x1234_5678_9ABC_DEF0;

    private readonly byte[] _header = new byte[EntryFormat.HeaderSize];
    private byte[] _payload = null!;
    private byte[] _item = null!;
    private Entry _entry;

    [Params(100, 1024, 100 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _payload = new byte[Size];
        new Random(1).NextBytes(_payload);
        _entry = new Entry
        {
            Kind = EntryKind.Value,
            Version = 1,
            Lifetime = new EntryLifetime(EntryLifetime.Never, 1_200_000),
            CopyExpiry = 2_000_000,
            DurableExpiry = 3_000_000,
            FreshUntil = 4_000_000,
            Payload = new ReadOnlySequence<byte>(_payload),
        };
        WriteHeader();
        _item = [.. _header, .. _payload];
        if (!TryRead())
        {
            throw new InvalidOperationException("What was written cannot be read.");
        }
    }

    [Benchmark(Baseline = true)]
    public ulong ChecksumOfPayload() => XxHash3.HashToUInt64(_payload, Fingerprint);

    [Benchmark]
    public void WriteHeader() => EntryFormat.WriteHeader(_header, _entry, Fingerprint);

    [Benchmark]
    public bool TryRead() => EntryFormat.TryRead(_item, Fingerprint, out _);
}
