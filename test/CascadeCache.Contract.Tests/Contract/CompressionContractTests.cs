using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Extensions.Caching.Distributed;
using static CascadeCache.Contract.Tests.Entries;

namespace CascadeCache.Contract.Tests;

/// <summary>One cache that compresses and one that does not, on the same tiers: whatever one of them stores, both read.</summary>
public sealed class CompressionContractTests(Servers servers)
{
    private const int Threshold = 1000;

    // Made once: these tests run beside others that watch the time.
    private static readonly byte[] Noise = [.. Enumerable.Range(0, 10_000).SelectMany(static i => SHA256.HashData(BitConverter.GetBytes(i)))];

    public enum Content
    {
        Dull,
        Text,
        Random,
    }

    public static IEnumerable<TheoryDataRow<Backend, CallStyle, Content>> Contents =>
        from row in Combinations.All
        from content in Enum.GetValues<Content>()
        select new TheoryDataRow<Backend, CallStyle, Content>(row.Data.Item1, row.Data.Item2, content);

    [Theory, MemberData(nameof(Contents))]
    public async Task Each_reads_what_either_has_stored(Backend backend, CallStyle style, Content content)
    {
        (CacheUnderTest compressing, CacheUnderTest plain) = await StartAsync(backend, style);
        await using CacheUnderTest first = compressing;
        await using CacheUnderTest second = plain;
        foreach (int size in (int[])[0, 1, Threshold - 1, Threshold, Threshold + 1, 16_384, 300_000])
        {
            byte[] value = ValueOf(content, size);
            await compressing.SetAsync("key", value);
            await AssertReadAsync(value, compressing, plain);

            await plain.SetAsync("key", value);
            await AssertReadAsync(value, compressing, plain);

            CacheVersion version = (await compressing.GetVersionedAsync("key")).Version; // of what the other one has stored
            byte[] changed = [.. value, 1];
            Assert.NotNull(await compressing.TrySetAsync("key", changed, version));
            await AssertReadAsync(changed, plain, compressing);
        }

        Assert.Equal((0, 0), (compressing.Cache.GetStatistics().RejectedPayloads, plain.Cache.GetStatistics().RejectedPayloads));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_buffer_gets_the_value_and_nothing_else(Backend backend, CallStyle style)
    {
        (CacheUnderTest compressing, CacheUnderTest plain) = await StartAsync(backend, style);
        await using CacheUnderTest first = compressing;
        await using CacheUnderTest second = plain;
        byte[] value = ValueOf(Content.Text, 50_000);
        await compressing.SetAsync("key", value);
        var writer = new ArrayBufferWriter<byte>();
        IBufferDistributedCache buffers = plain.Cache;

        Assert.True(style == CallStyle.Sync ? buffers.TryGet("key", writer) : await buffers.TryGetAsync("key", writer, TestContext.Current.CancellationToken));

        Assert.Equal(value, writer.WrittenSpan.ToArray());
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task A_compressed_value_slides_under_whoever_uses_it(Backend backend, CallStyle style)
    {
        (CacheUnderTest compressing, CacheUnderTest plain) = await StartAsync(backend, style);
        await using CacheUnderTest first = compressing;
        await using CacheUnderTest second = plain;
        byte[] value = ValueOf(Content.Text, 50_000);
        await compressing.SetAsync("key", value, Sliding(S(60)));
        for (int i = 0; i < 4; i++)
        {
            compressing.Clock.Advance(S(50));
            await plain.RefreshAsync("key");
            compressing.Clock.Advance(S(50));
            Assert.Equal(value, await (i % 2 == 0 ? plain : compressing).GetAsync("key"));
        }

        compressing.Clock.Advance(S(80));
        Assert.Null(await compressing.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task What_is_larger_than_every_limit_is_stored_if_it_shrinks_enough(Backend backend, CallStyle style)
    {
        (CacheUnderTest compressing, CacheUnderTest plain) = await StartAsync(backend, style, static options => options.MaxValueBytes = 100_000);
        await using CacheUnderTest first = compressing;
        await using CacheUnderTest second = plain;
        byte[] value = ValueOf(Content.Dull, 3_000_000);
        await compressing.SetAsync("key", value);
        await AssertReadAsync(value, compressing, plain);

        byte[] noise = ValueOf(Content.Random, 100_001);
        CascadeValueTooLargeException error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => compressing.SetAsync("key", noise));
        Assert.Equal((100_001, 100_000), (error.Size, error.Limit));
        error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => compressing.SetAsync("key", [.. noise, .. value]));
        Assert.InRange(error.Size, 100_001, 200_000);
        await AssertReadAsync(value, plain, compressing);
    }

    private static async Task AssertReadAsync(byte[] value, params CacheUnderTest[] caches)
    {
        foreach (CacheUnderTest cache in caches)
        {
            byte[]? read = await cache.GetAsync("key");
            byte[]? versioned = (await cache.GetVersionedAsync("key")).Value;
            Assert.True(read is not null && value.AsSpan().SequenceEqual(read), "another value was read");
            Assert.True(versioned is not null && value.AsSpan().SequenceEqual(versioned), "another value was read with a version");
        }
    }

    private static byte[] ValueOf(Content content, int size) => content switch
    {
        Content.Dull => new byte[size],
        Content.Text => Bytes(size),
        _ => Noise[..size],
    };

    private async Task<(CacheUnderTest Compressing, CacheUnderTest Plain)> StartAsync(Backend backend, CallStyle style, Action<CascadeCacheOptions>? configure = null)
    {
        string prefix = Guid.NewGuid().ToString("N") + ".";
        CacheUnderTest compressing = await CacheUnderTest.StartAsync(
            servers,
            backend,
            style,
            options =>
            {
                options.CompressionThresholdBytes = Threshold;
                configure?.Invoke(options);
            },
            prefix: prefix);
        return (compressing, await CacheUnderTest.StartAsync(servers, backend, style, configure, compressing.Clock, prefix));
    }
}
