using System.Buffers;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.Tiers;
using CascadeCache.Values;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CascadeCache.Benchmarks.Micro;

/// <summary>What do sealing (<c>ProtectValues</c>) and compression (<c>CompressionThresholdBytes</c>) cost a value, beside the checksum that every value pays?</summary>
[MemoryDiagnoser]
public class StoredForms
{
    private readonly CacheKey _key = new("session.0123456789abcdef0123456789abcdef0123");
    private readonly ValueCodec _compressing = new(thresholdBytes: 1);
    private ItemSeal _seal = null!;
    private byte[] _value = null!;
    private VolatileItem _item;
    private byte[] _sealed = null!;
    private byte[] _compressed = null!;

    [Params(100, 4096, 64 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        // Text as sessions hold it: it shrinks to about a third.
        var random = new Random(1);
        var text = new StringBuilder();
        while (text.Length < Size)
        {
            text.Append("{\"id\":").Append(random.Next(1_000_000)).Append(",\"name\":\"item ").Append(random.Next(100)).Append("\",\"count\":").Append(random.Next(10)).Append("},");
        }

        _value = Encoding.ASCII.GetBytes(text.ToString(0, Size));
        var keys = new DataKeys(ItemSeal.ProtectorOf(new EphemeralDataProtectionProvider()), RandomNumberGenerator.Fill, TimeProvider.System, NullLogger.Instance);
        _seal = new ItemSeal(keys, RandomNumberGenerator.Fill);
        _item = new VolatileItem(new byte[EntryFormat.HeaderSize], new ReadOnlySequence<byte>(_value), 0, 100);
        using (PooledBytes stored = _seal.TrySeal(_key, _item, out _) ?? throw new InvalidOperationException("Nothing was sealed."))
        {
            _sealed = stored.Memory.ToArray();
        }

        using (EncodedValue encoded = _compressing.Encode(new ReadOnlySequence<byte>(_value)))
        {
            _compressed = encoded.Bytes.ToArray();
            Console.WriteLine($"// {Size} bytes are stored as {_compressed.Length} ({encoded.Encoding})");
        }
    }

    [Benchmark(Baseline = true)]
    public ulong Checksum() => XxHash3.HashToUInt64(_value, 1);

    [Benchmark]
    public void Seal() => _seal.TrySeal(_key, _item, out _)!.Dispose();

    [Benchmark]
    public void Open() => _seal.TryOpen(_key, _sealed)!.Dispose();

    [Benchmark]
    public void Compress() => _compressing.Encode(new ReadOnlySequence<byte>(_value)).Dispose();

    [Benchmark]
    public bool Decompress()
    {
        ValueEncoding encoding = _compressed.Length < _value.Length ? ValueEncoding.Brotli : ValueEncoding.None;
        bool isGood = _compressing.TryDecode(new ReadOnlySequence<byte>(_compressed), encoding, out _, out IDisposable? owner);
        owner?.Dispose();
        return isGood;
    }
}
