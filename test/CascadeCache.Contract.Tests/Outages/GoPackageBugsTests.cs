using System.Globalization;
using CascadeCache.Contract.Tests.Session;
using CascadeCache.Datastore;
using CascadeCache.Emulators;
using CascadeCache.Entries;
using Grpc.Core;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>What the Go package of the same design got wrong about its tiers, one test for each fault. Those about time are in <see cref="GoPackageExpiryBugsTests"/>.</summary>
public sealed class GoPackageBugsTests
{
    // There the request tier stored one type and looked for another: it never had a hit, and the failure looked like a new session.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task The_second_read_is_answered_by_the_first_tier(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync(style, "key", 1);
        long lookups = servers.Datastore.Statistics.Lookups;

        Assert.Equal([1], await cache.GetAsync(style, "key"));
        Assert.Equal([1], await cache.GetAsync(style, "key"));
        Assert.Equal(2, cache.GetStatistics().MemcacheHits);
        Assert.Equal(lookups, servers.Datastore.Statistics.Lookups);
    }

    // There any failure to load gave a new, empty session under the old id, and saving that one destroyed what was stored.
    [Fact]
    public async Task An_outage_while_a_session_is_loaded_is_an_exception_and_what_is_stored_survives_the_request()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        await using SessionHost host = await SessionHost.StartAsync(options =>
        {
            options.Memcache.Servers.Add(servers.Memcached.Host);
            options.Datastore.EmulatorHost = servers.Datastore.Host;
            options.Datastore.ProjectId = "outage";
            options.Resilience.Datastore.MaxRetryAttempts = 0;
        });
        using HttpClient browser = SessionHost.NewBrowser();
        await host.GetAsync(browser, "/loadwrite/kept");
        await servers.Memcached.AskAsync("flush_all\r\n", "OK\r\n");
        long written = servers.Datastore.Statistics.EntitiesWritten;

        servers.OnCall = static (point, _) => point.Method == "Lookup"
            ? throw new DatastoreFaultException(StatusCode.Unavailable, "maintenance")
            : ValueTask.CompletedTask;
        Assert.StartsWith("500", await host.GetAsync(browser, "/loadwrite/new"), StringComparison.Ordinal);
        Assert.Equal(written, servers.Datastore.Statistics.EntitiesWritten);

        servers.OnCall = null;
        Assert.Equal("kept", await host.GetAsync(browser, "/load"));
    }

    // There a value that had outgrown memcache left its smaller predecessor in it, which was then read for the rest of its time.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_value_that_outgrows_memcache_replaces_its_predecessor_there(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(static options => options.MaxMemcacheSessionSizeBytes = 4);
        await cache.SetAsync(style, "key", 1, 2);
        await cache.SetAsync(style, "key", 1, 2, 3, 4, 5);

        Assert.Equal([1, 2, 3, 4, 5], await cache.GetAsync(style, "key"));
    }

    // There a failure of memcache ended the write before Datastore was asked.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_write_reaches_Datastore_though_memcache_is_down(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        servers.Memcached.Kill();

        await cache.SetAsync(style, "key", 1);
        Assert.Equal([1], await StoredAsync(servers));
    }

    // There memcache was written first: a value whose write had failed was read from it.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_write_that_Datastore_refuses_puts_nothing_into_memcache(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        servers.OnCall = static (point, _) => point.Method == "Commit"
            ? throw new DatastoreFaultException(StatusCode.Unavailable, "maintenance")
            : ValueTask.CompletedTask;

        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.SetAsync(style, "key", 1));
        Assert.Null(await cache.GetAsync(style, "key"));
        Assert.Null(await cache.GetAsync(style, "key"));
        Assert.Equal(0, cache.GetStatistics().MemcacheHits);
    }

    // There a value that memcache had evicted was read from Datastore until somebody wrote it again.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task The_first_read_after_an_eviction_repairs_memcache(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync(style, "key", 1);
        Assert.Equal("HD\r\n", await servers.Memcached.AskAsync($"md {OutageFixture.Prefix}key\r\n", "\r\n"));

        Assert.Equal([1], await cache.GetAsync(style, "key"));
        Assert.Equal(0, cache.GetStatistics().MemcacheHits);
        Assert.Equal([1], await cache.GetAsync(style, "key"));
        Assert.Equal(1, cache.GetStatistics().MemcacheHits);
    }

    // There a removal stopped at memcache's failure, and one that Datastore refused was reported as done: after a logout the session lived on.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_removal_reaches_Datastore_though_memcache_is_down_and_throws_if_Datastore_refuses(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync(style, "key", 1);
        servers.OnCall = static (_, _) => throw new DatastoreFaultException(StatusCode.Unavailable, "maintenance");
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.RemoveAsync(style, "key"));

        servers.OnCall = null;
        Assert.Equal([1], await StoredAsync(servers));
        servers.Memcached.Kill();
        await cache.RemoveAsync(style, "key");
        Assert.Null(await StoredAsync(servers));
    }

    // There two writers could leave one value in memcache and the other in Datastore.
    [Fact]
    public async Task Writers_of_one_key_leave_the_same_value_in_both_tiers()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache one = await servers.NewCacheAsync();
        CascadeDistributedCache two = await servers.NewCacheAsync();
        for (byte i = 0; i < 50; i++)
        {
            await Task.WhenAll(one.SetAsync(CallStyle.Async, "key", i), two.SetAsync(CallStyle.Async, "key", (byte)(i + 100)), one.GetAsync(CallStyle.Async, "key"));

            byte[] stored = (await StoredAsync(servers))!;
            Assert.Contains(stored[0], (byte[])[i, (byte)(i + 100)]);
            await one.GetAsync(CallStyle.Async, "key");
            long hits = two.GetStatistics().MemcacheHits;
            Assert.Equal(stored, await two.GetAsync(CallStyle.Async, "key"));
            Assert.Equal(hits + 1, two.GetStatistics().MemcacheHits);
        }
    }

    // There the limits counted the bytes of the value alone: values just below one failed, although they were to be stored elsewhere.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task Values_around_every_limit_are_stored_where_they_fit_and_only_what_fits_nowhere_is_refused(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(static options => options.MaxMemcacheSessionSizeBytes = 0);
        int largestItem = (1024 * 1024) - 63 - 58 - "o.key".Length;
        ChunkLayout layout = ChunkLayout.For(new CacheKey("o.key"), "Session", "SessionChunk", "");
        (int largestEntity, int largest) = ((int)layout.OneEntityBytes, (int)layout.MaxValueBytes);
        foreach (int size in (int[])[.. Enumerable.Range(largestItem - 2, 4), .. Enumerable.Range(largestEntity - 2, 4), largest])
        {
            byte[] value = Entries.Bytes(size, size);
            long hits = cache.GetStatistics().MemcacheHits;
            await cache.SetAsync(style, "key", value);
            Assert.Equal(value, await cache.GetAsync(style, "key"));
            Assert.Equal(hits + (size <= largestItem ? 1 : 0), cache.GetStatistics().MemcacheHits);
        }

        await cache.SetAsync(style, "key", 1);
        var error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => cache.SetAsync(style, "key", new byte[largest + 1]));
        Assert.Equal(largest, error.Limit);
        Assert.Contains(largest.ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
        Assert.Equal([1], await cache.GetAsync(style, "key"));
    }

    // There a cap of 4,096 bytes was left on by default.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task Five_thousand_bytes_are_cached_by_default(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync(style, "key", Entries.Bytes(5000));

        Assert.Equal(Entries.Bytes(5000), await cache.GetAsync(style, "key"));
        Assert.Equal(1, cache.GetStatistics().MemcacheHits);
        Assert.Equal(Entries.Bytes(5000), await StoredAsync(servers));
    }

    // There the size of a value was asked before it was known to be one.
    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task Null_is_refused_and_nothing_at_all_is_a_value(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await Assert.ThrowsAsync<ArgumentNullException>(() => cache.SetAsync(style, "key", null!));
        Assert.Null(await cache.GetAsync(style, "key"));

        await cache.SetAsync(style, "key", []);
        Assert.Equal((byte[])[], await cache.GetAsync(style, "key"));
        Assert.Equal(1, cache.GetStatistics().MemcacheHits);
        Assert.Equal((byte[])[], await StoredAsync(servers));
    }

    private static async Task<byte[]?> StoredAsync(OutageFixture servers) =>
        await servers.NewCache(static options => options.Backends = CascadeBackends.Datastore).GetAsync("key", OutageFixture.Token);
}
