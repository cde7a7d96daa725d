using CascadeCache.Contract.Tests.Outages;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Contract.Tests.Borders;

/// <summary>A value grows and shrinks across every border while readers in three processes go on reading it.</summary>
public sealed class CrossingTests
{
    private const int Rounds = 3;

    private static readonly DistributedCacheEntryOptions Day = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromDays(1) };

    public static IEnumerable<TheoryDataRow<ServerKind, CascadeBackends, CallStyle>> Rows =>
        from kind in Enum.GetValues<ServerKind>()
        from backends in (CascadeBackends[])[CascadeBackends.Distributed, CascadeBackends.Memcache]
        from style in Enum.GetValues<CallStyle>()
        select new TheoryDataRow<ServerKind, CascadeBackends, CallStyle>(kind, backends, style);

    [Theory, MemberData(nameof(Rows))]
    public async Task No_reader_sees_a_torn_value_or_an_older_one(ServerKind kind, CascadeBackends backends, CallStyle style)
    {
        await using BorderLab lab = await BorderLab.StartAsync(kind);
        CascadeDistributedCache writer = await lab.NewCacheAsync(backends);
        CascadeDistributedCache[] others = [await lab.NewCacheAsync(backends), await lab.NewCacheAsync(backends)];
        int[] sizes = await SizesAsync(lab, backends);

        CrossingReaders readers = await CrossAsync(writer, writer, others, style, sizes);

        Assert.Empty(readers.Faults);
        Assert.True(readers.Reads > sizes.Length, $"{readers.Reads} reads");
        CascadeCacheStatistics[] statistics = [writer.GetStatistics(), .. others.Select(static cache => cache.GetStatistics())];
        Assert.Equal(0, statistics.Sum(static s => s.RejectedPayloads));
        Assert.Equal(0, statistics.Sum(static s => s.BacklogAdded));
        Assert.True(statistics.Sum(static s => s.MemcacheHits) > 0, "no reader was served by memcached");
        Assert.Equal(backends == CascadeBackends.Distributed, writer.GetStatistics().Bypasses > 0);
    }

    // The broken twin: what is too large goes past memcached, where the older, smaller value stays.
    [Fact]
    public async Task A_writer_that_leaves_the_smaller_copy_is_found_out()
    {
        await using BorderLab lab = await BorderLab.StartAsync(ServerKind.SmallItems);
        CascadeDistributedCache writer = await lab.NewCacheAsync();
        CascadeDistributedCache past = await lab.NewCacheAsync(CascadeBackends.Datastore);
        CascadeDistributedCache[] others = [await lab.NewCacheAsync()];

        CrossingReaders readers = await CrossAsync(writer, past, others, CallStyle.Async, await SizesAsync(lab, CascadeBackends.Distributed));

        Assert.Contains(readers.Faults, static fault => fault.StartsWith("version", StringComparison.Ordinal));
    }

    [Fact]
    public void A_torn_value_and_one_that_goes_back_are_found_out()
    {
        var readers = new CrossingReaders();
        byte[] torn = [.. StampedValue.Of(5, 1000).AsSpan(0, 500), .. StampedValue.Of(6, 1000).AsSpan(500)];
        byte[] cut = StampedValue.Of(5, 1000)[..999];

        Assert.Equal(5, readers.Judge(StampedValue.Of(5, 1000), least: 5));
        Assert.Empty(readers.Faults);
        readers.Judge(torn, least: 1);
        readers.Judge(cut, least: 1);
        readers.Judge(StampedValue.Of(4, 1000), least: 5);
        readers.Judge(null, least: 5);
        Assert.Equal(["1000 bytes that nobody has written", "999 bytes that nobody has written", "version 4 after version 5", "nothing after version 5"], readers.Faults);
    }

    private static async Task<CrossingReaders> CrossAsync(
        CascadeDistributedCache writer, CascadeDistributedCache writerOfLarge, CascadeDistributedCache[] others, CallStyle style, int[] sizes)
    {
        var readers = new CrossingReaders();
        await WriteAsync(writer, style, StampedValue.Of(1, StampedValue.LeastBytes));
        readers.Acknowledge(1);
        Task[] running = [.. others.Prepend(writer).Select(cache => readers.RunAsync(cache, style, BorderLab.KeyName))];
        int version = 1;
        try
        {
            foreach (int size in Enumerable.Range(0, Rounds).SelectMany(_ => sizes))
            {
                CascadeDistributedCache by = size == sizes.Max() ? writerOfLarge : writer;
                int reads = readers.Reads;
                await WriteAsync(by, style, StampedValue.Of(++version, size));
                readers.Acknowledge(version);

                // Each version is there for a while: at least until as many reads as there are readers have ended.
                while (readers.Reads < reads + (2 * running.Length) && readers.Faults.Count == 0 && !running.All(static reader => reader.IsCompleted))
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, OutageFixture.Token);
                }
            }
        }
        finally
        {
            readers.End();
        }

        await Task.WhenAll(running);
        return readers;
    }

    private static Task WriteAsync(CascadeDistributedCache cache, CallStyle style, byte[] value) => style == CallStyle.Async
        ? cache.SetAsync(BorderLab.KeyName, value, Day, OutageFixture.Token)
        : CacheUnderTest.OnThread(() =>
        {
            cache.Set(BorderLab.KeyName, value, Day);
            return Task.FromResult(true);
        });

    private static async Task<int[]> SizesAsync(BorderLab lab, CascadeBackends backends)
    {
        int server = await lab.LargestValueAsync();
        (int one, int two) = ((int)BorderLab.Layout.OneEntityBytes, (int)(BorderLab.Layout.HeaderBytes + BorderLab.Layout.ChunkBytes));
        int[] up = backends == CascadeBackends.Memcache
            ? [100, server / 2, server - 1, server]
            : [.. ((int[])[100, server - 1, server, server + 1, one, one + 1, two, two + 1, 5_000_000]).Order()];
        return [.. up, .. up.Reverse().Skip(1), server, 100, up[^1], 20];
    }
}
