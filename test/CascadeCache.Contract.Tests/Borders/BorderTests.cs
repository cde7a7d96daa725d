using System.Globalization;
using CascadeCache.Contract.Tests.Outages;
using CascadeCache.Entries;
using static CascadeCache.Contract.Tests.Entries;

namespace CascadeCache.Contract.Tests.Borders;

/// <summary>Values right before, at and right behind every limit: stored whole, and read from the tier that the rule names.</summary>
public sealed class BorderTests
{
    private const long OurLimit = 1_048_576; // the default of MaxMemcacheSessionSizeBytes

    private static readonly int[] NamedSizes = [1_000_000, 1_048_487, 1_048_572];

    public static IEnumerable<TheoryDataRow<ServerKind, int>> Measured =>
        from kind in Enum.GetValues<ServerKind>()
        from length in (int[])[1, 40, 250]
        select new TheoryDataRow<ServerKind, int>(kind, length);

    public static IEnumerable<TheoryDataRow<ServerKind, CascadeBackends, CallStyle, long>> Rows =>
        from kind in Enum.GetValues<ServerKind>()
        from backends in (CascadeBackends[])[CascadeBackends.Distributed, CascadeBackends.Memcache]
        from style in Enum.GetValues<CallStyle>()
        from ours in (long[])[OurLimit, 0]
        select new TheoryDataRow<ServerKind, CascadeBackends, CallStyle, long>(kind, backends, style, ours);

    public static IEnumerable<TheoryDataRow<ServerKind, CallStyle>> Durable =>
        from kind in Enum.GetValues<ServerKind>()
        from style in Enum.GetValues<CallStyle>()
        select new TheoryDataRow<ServerKind, CallStyle>(kind, style);

    [Theory, MemberData(nameof(Measured))]
    public async Task The_largest_item_that_a_server_takes_is_what_the_client_says(ServerKind kind, int nameLength)
    {
        await using BorderLab lab = await BorderLab.StartAsync(kind);
        string name = new('k', nameLength);

        Assert.Equal(await lab.LargestItemAsync(new CacheKey(name)), await lab.MeasuredLargestItemAsync(name, beyond: 5_000_000));
    }

    [Theory, MemberData(nameof(Rows))]
    public async Task Values_at_every_border_come_from_the_tier_that_the_rule_names(ServerKind kind, CascadeBackends backends, CallStyle style, long ours)
    {
        await using BorderLab lab = await BorderLab.StartAsync(kind);
        CascadeDistributedCache writer = await lab.NewCacheAsync(backends, ours);
        CascadeDistributedCache reader = await lab.NewCacheAsync(backends, ours);
        int servers = await lab.LargestValueAsync();
        long limit = ours > 0 ? Math.Min(ours, servers) : servers;
        int entity = (int)BorderLab.Layout.OneEntityBytes;

        // Up and down again, so that every border is crossed in both directions.
        int[] sizes = [.. ((int[])[0, 1, servers - 1, servers, servers + 1, (int)OurLimit - 1, (int)OurLimit, (int)OurLimit + 1, entity, entity + 1, .. NamedSizes]).Order()];
        int seed = 0;
        foreach (int size in (int[])[.. sizes, .. sizes.Reverse()])
        {
            await AssertRuleAsync(writer, reader, style, Bytes(size, ++seed), limit, backends == CascadeBackends.Distributed);
        }

        Assert.Equal(0, reader.GetStatistics().RejectedPayloads);
    }

    [Theory, MemberData(nameof(Durable))]
    public async Task The_largest_value_is_stored_and_one_byte_more_is_refused_with_both_sizes_before_anything_is_written(ServerKind kind, CallStyle style)
    {
        await using BorderLab lab = await BorderLab.StartAsync(kind);
        CascadeDistributedCache cache = await lab.NewCacheAsync();
        int largest = BorderLab.LargestInDatastore;
        Assert.InRange(largest, 10_480_000, 10 * 1024 * 1024);
        await cache.SetAsync(style, BorderLab.KeyName, Bytes(100));
        string stored = await StoredAsync(lab);
        long writes = cache.GetStatistics().DatastoreWrites;
        foreach (int size in (int[])[largest + 1, 10 * 1024 * 1024, (10 * 1024 * 1024) + 1, 20_000_000])
        {
            var error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => cache.SetAsync(style, BorderLab.KeyName, new byte[size]));

            Assert.Equal((size, largest), (error.Size, error.Limit));
            Assert.Contains(size.ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
            Assert.Contains(largest.ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
        }

        Assert.Equal((writes, stored), (cache.GetStatistics().DatastoreWrites, await StoredAsync(lab)));
        Assert.Equal(Bytes(100), await cache.GetAsync(style, BorderLab.KeyName));
        CascadeDistributedCache reader = await lab.NewCacheAsync();
        foreach (int size in (int[])[largest - 1, largest])
        {
            await AssertRuleAsync(cache, reader, style, Bytes(size, size), await lab.LargestValueAsync(), hasDatastore: true);
        }
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task With_a_server_for_large_items_and_a_raised_limit_values_above_1_MiB_are_hits(CallStyle style)
    {
        await using BorderLab lab = await BorderLab.StartAsync(ServerKind.LargeItems);
        CascadeDistributedCache cache = await lab.NewCacheAsync(maxMemcacheBytes: 3_000_000);
        foreach (int size in (int[])[1_048_577, 2_000_000, 3_000_000])
        {
            await cache.SetAsync(style, BorderLab.KeyName, Bytes(size, size));
            CascadeCacheStatistics before = cache.GetStatistics();
            byte[]? read = await cache.GetAsync(style, BorderLab.KeyName);

            Assert.True(read is not null && read.AsSpan().SequenceEqual(Bytes(size, size)), $"{size} bytes did not come back");
            Assert.Equal((1, 0), (cache.GetStatistics().MemcacheHits - before.MemcacheHits, cache.GetStatistics().DatastoreReads - before.DatastoreReads));
        }

        Assert.Equal(0, cache.GetStatistics().Bypasses);
        await AssertRuleAsync(cache, cache, style, Bytes(3_000_001), 3_000_000, hasDatastore: true);
    }

    private static async Task AssertRuleAsync(CascadeDistributedCache writer, CascadeDistributedCache reader, CallStyle style, byte[] value, long limit, bool hasDatastore)
    {
        bool isHit = value.Length <= limit;
        long bypasses = writer.GetStatistics().Bypasses;
        if (!isHit && !hasDatastore)
        {
            byte[]? older = await reader.GetAsync(style, BorderLab.KeyName);
            var error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => writer.SetAsync(style, BorderLab.KeyName, value));
            Assert.Equal((value.Length, limit), (error.Size, error.Limit));
            Assert.Equal(older, await reader.GetAsync(style, BorderLab.KeyName));
            return;
        }

        await writer.SetAsync(style, BorderLab.KeyName, value);
        Assert.Equal(isHit ? 0 : 1, writer.GetStatistics().Bypasses - bypasses);
        CascadeCacheStatistics before = reader.GetStatistics();
        byte[]? found = await reader.GetAsync(style, BorderLab.KeyName);

        Assert.True(found is not null && found.AsSpan().SequenceEqual(value), $"{value.Length} bytes did not come back");
        CascadeCacheStatistics after = reader.GetStatistics(); // of a value in several entities each is billed
        Assert.Equal(
            (value.Length, isHit ? 1 : 0, isHit ? 0 : BorderLab.Layout.EntitiesFor(value.Length)),
            (value.Length, (int)(after.MemcacheHits - before.MemcacheHits), (int)(after.DatastoreReads - before.DatastoreReads)));
    }

    /// <summary>What memcached holds under the key, to the byte.</summary>
    private static Task<string> StoredAsync(BorderLab lab) => lab.Servers.Memcached.AskAsync($"mg {OutageFixture.Prefix}{BorderLab.KeyName} v c\r\n", "\r\n");
}
