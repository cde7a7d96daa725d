using System.Globalization;
using CascadeCache.TestKit.Processes;
using CascadeCache.TestKit.Servers;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>memcached fails in every way; the cache lives on what Datastore says.</summary>
public sealed class MemcachedOutageTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_server_that_was_never_there_leaves_everything_to_Datastore(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync(null);
        string nowhere = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{RealMemcached.FreePort()}");
        CascadeDistributedCache cache = servers.NewCache(options => options.Memcache.Servers.Add(nowhere));

        await AssertWorksAsync(cache, style);

        CascadeCacheStatistics statistics = cache.GetStatistics();
        Assert.Equal(0, statistics.MemcacheHits);
        Assert.True(statistics.MemcacheUnavailable > 0);
        Assert.True(statistics.BacklogAdded > 0);
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_server_that_is_killed_loses_nothing_and_is_used_again_when_it_is_back(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync(style, "kept", 1);
        await cache.SetAsync(style, "changed", 1);
        Assert.Equal([1], await cache.GetAsync(style, "kept"));
        Assert.Equal(1, cache.GetStatistics().MemcacheHits);

        servers.Memcached.Kill();
        Assert.Equal([1], await cache.GetAsync(style, "kept"));
        await cache.SetAsync(style, "changed", 2);
        Assert.Equal([2], await cache.GetAsync(style, "changed"));
        await AssertWorksAsync(cache, style);

        await servers.Memcached.StartAgainAsync();
        await AssertIsUsedAgainAsync(servers, cache, style, "changed", 2);
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_server_that_hangs_costs_a_bounded_time_and_its_older_copy_is_never_read_afterwards(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(options => options.Memcache.OperationTimeout = Short);
        await cache.SetAsync(style, "kept", 1);
        await cache.SetAsync(style, "key", 1);
        Assert.Equal([1], await cache.GetAsync(style, "key"));

        servers.Memcached.Pause();
        Assert.Equal([1], await cache.GetAsync(style, "key"));
        await cache.SetAsync(style, "key", 2);
        Assert.Equal([2], await cache.GetAsync(style, "key"));
        await AssertWorksAsync(cache, style);

        servers.Memcached.Resume();
        await AssertIsUsedAgainAsync(servers, cache, style, "key", 2);
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_server_that_is_not_memcached_leaves_everything_to_Datastore_and_the_log_says_why(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync(null);
        await using var web = new ScriptedServer();
        using var ending = new CancellationTokenSource();
        Task serving = AnswerAsWebServerAsync(web, ending.Token);
        CascadeDistributedCache cache = servers.NewCache(options => options.Memcache.Servers.Add(web.Host));

        await AssertWorksAsync(cache, style);

        LogBook.Line line = servers.Log.Of(4).First();
        Assert.Contains(web.Host, line.Text, StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1", line.Exception!.Message, StringComparison.Ordinal);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task Strict_refuses_a_write_before_Datastore_is_touched(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(options => options.Consistency = CascadeConsistency.Strict);
        await cache.SetAsync(style, "key", 1);
        long commits = servers.Datastore.Statistics.Commits;

        servers.Memcached.Kill();
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.SetAsync(style, "key", 2));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.RemoveAsync(style, "key"));

        Assert.Equal(commits, servers.Datastore.Statistics.Commits);
        Assert.Equal([1], await cache.GetAsync(style, "key"));
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task Memcached_alone_is_an_exception_when_it_is_down_and_works_again_when_it_is_back(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(options => options.Backends = CascadeBackends.Memcache);
        await cache.SetAsync(style, "key", 1);

        servers.Memcached.Kill();
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.GetAsync(style, "key"));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.SetAsync(style, "key", 2));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.RefreshAsync(style, "key"));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => cache.RemoveAsync(style, "key"));

        await servers.Memcached.StartAgainAsync();
        servers.Clock.Advance(TimeSpan.FromSeconds(30));
        await cache.SetAsync(style, "key", 3);
        Assert.Equal([3], await cache.GetAsync(style, "key"));
    }

    private static async Task AssertWorksAsync(CascadeDistributedCache cache, CallStyle style)
    {
        Assert.Null(await cache.GetAsync(style, "new"));
        await cache.SetAsync(style, "new", 1);
        Assert.Equal([1], await cache.GetAsync(style, "new"));
        await cache.SetAsync(style, "new", 2);
        await cache.RefreshAsync(style, "new");
        Assert.Equal([2], await cache.GetAsync(style, "new"));
        await cache.RemoveAsync(style, "new");
        Assert.Null(await cache.GetAsync(style, "new"));
    }

    // Once the copies that could not be invalidated are gone, and the server counts as old enough, it serves again.
    private static async Task AssertIsUsedAgainAsync(OutageFixture servers, CascadeDistributedCache cache, CallStyle style, string changed, byte value)
    {
        await servers.UntilAsync(async () =>
        {
            Assert.Equal((byte[])[value], await cache.GetAsync(style, changed));
            return servers.Log.Of(6).Any();
        });
        servers.Clock.Advance(cache.Parts.Services.Settings.LockTime + TimeSpan.FromSeconds(10));
        Assert.Equal((byte[])[value], await cache.GetAsync(style, changed));
        Assert.Equal([1], await cache.GetAsync(style, "kept"));
        long hits = cache.GetStatistics().MemcacheHits;
        Assert.Equal([1], await cache.GetAsync(style, "kept"));
        Assert.Equal(hits + 1, cache.GetStatistics().MemcacheHits);
    }

    private static async Task AnswerAsWebServerAsync(ScriptedServer server, CancellationToken cancellationToken)
    {
        while (true)
        {
            ScriptedConnection connection = await server.NextConnectionAsync(cancellationToken);
            await connection.ReadLineAsync();
            await connection.WriteAsync("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    }
}
