using System.Buffers;
using CascadeCache.Datastore;
using CascadeCache.Entries;
using CascadeCache.TestKit.Values;
using Microsoft.Extensions.Caching.Distributed;
using static CascadeCache.Contract.Tests.Entries;

namespace CascadeCache.Contract.Tests;

/// <summary>Values of every size, through arrays and through buffers.</summary>
public sealed class ValueContractTests(Servers servers)
{
    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Values_of_every_size_come_back(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        foreach (int size in (int[])[0, 1, 2, 128, 1024, 16_384, 65_535, 65_536, 500_000, 1_000_000])
        {
            byte[] value = Bytes(size, size);
            await cache.SetAsync("key", value);
            Assert.Equal(value, await cache.GetAsync("key"));
            Assert.Equal(value, await cache.GetAsync("key"));
        }
    }

    [Theory, MemberData(nameof(Combinations.Durable), MemberType = typeof(Combinations))]
    public async Task The_largest_value_that_a_commit_holds_is_stored_and_one_byte_more_is_refused_before_anything_is_written(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", [1]);
        long writes = cache.Cache.GetStatistics().DatastoreWrites;
        CascadeValueTooLargeException error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => cache.SetAsync("key", Bytes(20_000_000)));
        Assert.Equal([1], await cache.GetAsync("key"));

        await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => cache.SetAsync("key", Bytes((int)error.Limit + 1)));
        Assert.Equal(writes, cache.Cache.GetStatistics().DatastoreWrites);
        foreach (int less in (int[])[1, 0])
        {
            byte[] largest = Bytes((int)error.Limit - less, 7);
            await cache.SetAsync("key", largest);
            Assert.Equal(largest, await cache.GetAsync("key"));
        }

        Assert.InRange(error.Limit, 10_480_000, 10 * 1024 * 1024);
        Assert.Equal(20_000_000, error.Size);
    }

    [Theory, MemberData(nameof(Combinations.Durable), MemberType = typeof(Combinations))]
    public async Task Values_around_the_borders_of_entities_come_back_from_every_one_of_them(Backend backend, CallStyle style)
    {
        string prefix = Guid.NewGuid().ToString("N") + ".";
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        ChunkLayout layout = ChunkLayout.For(new CacheKey(prefix + "key"), "Session", "SessionChunk", "");
        (int one, int two) = ((int)layout.OneEntityBytes, (int)(layout.HeaderBytes + layout.ChunkBytes));
        foreach (int size in (int[])[1_048_487, 1_048_572, one - 1, one, one + 1, two - 1, two, two + 1, 5_000_000, one, 10, two + 1])
        {
            byte[] value = Bytes(size, size);
            await cache.SetAsync("key", value);
            Assert.Equal(value, await cache.GetAsync("key"));
        }
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_limit_of_the_application_is_heeded(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style, options => options.MaxValueBytes = 1000);
        await cache.SetAsync("key", Bytes(1000));

        CascadeValueTooLargeException error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => cache.SetAsync("key", Bytes(1001)));

        Assert.Equal((1001, 1000), (error.Size, error.Limit));
        Assert.Equal(Bytes(1000), await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Buffers_of_every_shape_are_stored_whole(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        byte[] padded = Bytes(3000);
        ReadOnlySequence<byte>[] shapes =
        [
            new(Bytes(128)),
            new(padded, 100, 1024),
            ReadOnlySequence<byte>.Empty,
            Pieces.OfSize(Bytes(16_384), 1000),
            Pieces.OfSize(Bytes(5), 1),
        ];
        foreach (ReadOnlySequence<byte> shape in shapes)
        {
            byte[] expected = shape.ToArray();
            await SetAsync(cache, shape);
            var writer = new ArrayBufferWriter<byte>();

            Assert.True(await TryGetAsync(cache, "key", writer));
            Assert.Equal(expected, writer.WrittenSpan.ToArray());
        }
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_buffer_is_not_touched_on_a_miss_and_free_again_after_a_set(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        var writer = new ArrayBufferWriter<byte>();
        Assert.False(await TryGetAsync(cache, "missing", writer));
        Assert.Equal(0, writer.WrittenCount);

        byte[] rented = Bytes(500);
        await SetAsync(cache, new ReadOnlySequence<byte>(rented));
        Array.Fill(rented, (byte)7);

        Assert.Equal(Bytes(500), await cache.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_destination_that_refuses_is_passed_on_and_counts_as_nobodys_failure(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        await cache.SetAsync("key", Bytes(1000));
        for (int i = 0; i < 30; i++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await TryGetAsync(cache, "key", new RefusingWriter()));
        }

        Assert.Equal(Bytes(1000), await cache.GetAsync("key"));
        Assert.All(cache.Cache.GetStatistics().Tiers, static tier => Assert.Equal("Closed", tier.CircuitState));
    }

    private static async Task SetAsync(CacheUnderTest cache, ReadOnlySequence<byte> value)
    {
        IBufferDistributedCache buffers = cache.Cache;
        if (cache.Style == CallStyle.Sync)
        {
            buffers.Set("key", value, new DistributedCacheEntryOptions());
        }
        else
        {
            await buffers.SetAsync("key", value, new DistributedCacheEntryOptions(), TestContext.Current.CancellationToken);
        }
    }

    private static async Task<bool> TryGetAsync(CacheUnderTest cache, string key, IBufferWriter<byte> writer)
    {
        IBufferDistributedCache buffers = cache.Cache;
        return cache.Style == CallStyle.Sync ? buffers.TryGet(key, writer) : await buffers.TryGetAsync(key, writer, TestContext.Current.CancellationToken);
    }

    private sealed class RefusingWriter : IBufferWriter<byte>
    {
        public void Advance(int count) => throw new InvalidOperationException("over quota");

        public Memory<byte> GetMemory(int sizeHint = 0) => new byte[Math.Max(sizeHint, 4096)];

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
