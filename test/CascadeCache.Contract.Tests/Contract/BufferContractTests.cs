using System.Buffers;
using CascadeCache.Datastore;
using CascadeCache.Entries;
using CascadeCache.TestKit.Values;
using Microsoft.Extensions.Caching.Distributed;
using static CascadeCache.Contract.Tests.Entries;

namespace CascadeCache.Contract.Tests;

/// <summary>Values as sequences of every form, into destinations of every form: what was stored is what the same bytes in an array would be.</summary>
public sealed class BufferContractTests(Servers servers)
{
    private const int Threshold = 300;
    private const int Block = 128 * 1024; // what compression looks at in one go

    private static readonly DistributedCacheEntryOptions Day = Within(TimeSpan.FromDays(1));

    public static IEnumerable<TheoryDataRow<Backend, CallStyle, bool>> Rows =>
        from row in Combinations.All
        from compresses in (bool[])[false, true]
        select new TheoryDataRow<Backend, CallStyle, bool>(row.Data.Item1, row.Data.Item2, compresses);

    [Theory, MemberData(nameof(Rows))]
    public async Task Every_form_comes_back(Backend backend, CallStyle style, bool compresses)
    {
        await using CacheUnderTest cache = await StartAsync(backend, style, compresses);
        foreach (int size in (int[])[0, 1, 2, EntryFormat.HeaderSize, EntryFormat.HeaderSize + 1, Threshold - 1, Threshold, 2000])
        {
            await AssertAllComeBackAsync(cache, Bytes(size, size), 1, EntryFormat.HeaderSize, Threshold);
        }

        await AssertAllComeBackAsync(cache, Bytes((2 * Block) + 9), Block, 2 * Block);
        Assert.Equal(0, cache.Cache.GetStatistics().RejectedPayloads);
    }

    [Theory, MemberData(nameof(Rows))]
    public async Task Forms_that_nobody_thought_of_come_back(Backend backend, CallStyle style, bool compresses)
    {
        await using CacheUnderTest cache = await StartAsync(backend, style, compresses);
        var random = new Random(4711);
        for (int i = 0; i < 60; i++)
        {
            byte[] value = Bytes(random.Next(i % 10 == 0 ? 200_000 : 3000), i);
            int[] places = [.. Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(value.Length + 1)).Order()];
            await SetAsync(cache, Pieces.CutAt(value, places));
            await AssertIsAsync(cache, value, $"cut at {string.Join(", ", places)} of {value.Length}");
        }
    }

    [Theory, MemberData(nameof(Combinations.Durable), MemberType = typeof(Combinations))]
    public async Task Every_form_of_a_value_of_several_entities_comes_back(Backend backend, CallStyle style)
    {
        string prefix = Guid.NewGuid().ToString("N") + ".";
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        ChunkLayout layout = ChunkLayout.For(new CacheKey(prefix + "key"), "Session", "SessionChunk", "");
        (int header, int one, int two) = ((int)layout.HeaderBytes, (int)layout.OneEntityBytes, (int)(layout.HeaderBytes + layout.ChunkBytes));
        await AssertAllComeBackAsync(cache, Bytes(one), header);
        await AssertAllComeBackAsync(cache, Bytes(one + 1), header);
        await AssertAllComeBackAsync(cache, Bytes(two + 1), header, two);
    }

    // Not only one entity: also what is read in pieces goes to a destination whole.
    [Theory, MemberData(nameof(Combinations.Durable), MemberType = typeof(Combinations))]
    public async Task A_compressed_value_of_several_entities_comes_back(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await StartAsync(backend, style, compresses: true);
        byte[] value = new byte[6_000_000];
        new Random(1).NextBytes(value.AsSpan(0, 3_000_000));
        await SetAsync(cache, Pieces.OfSize(value, 65_521));

        await AssertIsAsync(cache, value, "compressed");
        Assert.Equal(value, await cache.GetAsync("key"));
    }

    private static async Task AssertAllComeBackAsync(CacheUnderTest cache, byte[] value, params int[] borders)
    {
        foreach ((string form, ReadOnlySequence<byte> bytes) in Pieces.FormsOf(value, borders))
        {
            await SetAsync(cache, bytes);
            await AssertIsAsync(cache, value, $"{value.Length} bytes, {form}");
        }
    }

    private static async Task AssertIsAsync(CacheUnderTest cache, byte[] value, string form)
    {
        var growing = new ArrayBufferWriter<byte>();
        Assert.True(await TryGetAsync(cache, growing), form);
        Assert.True(growing.WrittenSpan.SequenceEqual(value), form);

        OddWriter[] others = [new OddWriter(Math.Max(1, value.Length / 3)), new OddWriter(value.Length + 100_000)];
        foreach (OddWriter other in others)
        {
            Assert.True(await TryGetAsync(cache, other), form);
            Assert.True(other.Written.AsSpan().SequenceEqual(value), form);
        }
    }

    private static async Task SetAsync(CacheUnderTest cache, ReadOnlySequence<byte> value)
    {
        IBufferDistributedCache buffers = cache.Cache;
        if (cache.Style == CallStyle.Sync)
        {
            buffers.Set("key", value, Day);
        }
        else
        {
            await buffers.SetAsync("key", value, Day, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<bool> TryGetAsync(CacheUnderTest cache, IBufferWriter<byte> writer)
    {
        IBufferDistributedCache buffers = cache.Cache;
        return cache.Style == CallStyle.Sync ? buffers.TryGet("key", writer) : await buffers.TryGetAsync("key", writer, TestContext.Current.CancellationToken);
    }

    private Task<CacheUnderTest> StartAsync(Backend backend, CallStyle style, bool compresses) =>
        CacheUnderTest.StartAsync(servers, backend, style, options => options.CompressionThresholdBytes = compresses ? Threshold : 0);
}
