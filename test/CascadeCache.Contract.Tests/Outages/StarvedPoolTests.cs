using System.Diagnostics;
using CascadeCache.Emulators;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>
/// Two hundred callers that block while the thread pool has no free thread. Each case runs in a process of its own, this test assembly started once more
/// (see <see cref="StarvedProcess"/>), so that no other test starves; the servers stay here, where they have threads.
/// </summary>
public sealed class StarvedPoolTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hits_need_no_thread_of_the_pool()
    {
        await using OutageFixture servers = await StartAsync();

        string result = await RunAsync(servers, "stored", mayGrow: false);

        Assert.Equal("values 200, unavailable 0, hits 200, pool was starved True", result);
    }

    [Fact]
    public async Task Reads_that_need_Datastore_end_as_an_exception_when_the_pool_never_has_a_thread()
    {
        await using OutageFixture servers = await StartAsync();

        string result = await RunAsync(servers, "durable", mayGrow: false);

        Assert.Equal("values 0, unavailable 200, hits 0, pool was starved True", result);
    }

    [Fact]
    public async Task Reads_that_need_Datastore_end_as_values_when_the_pool_grows()
    {
        await using OutageFixture servers = await StartAsync();

        string result = await RunAsync(servers, "durable", mayGrow: true);

        Assert.Equal("values 200, unavailable 0, hits 0, pool was starved True", result);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Reads_end_when_memcached_hangs(bool mayGrow)
    {
        await using OutageFixture servers = await StartAsync();
        servers.Memcached.Pause();

        string result = await RunAsync(servers, "stored", mayGrow);

        string expected = mayGrow ? "values 200, unavailable 0" : "values 0, unavailable 200";
        Assert.Equal($"{expected}, hits 0, pool was starved True", result);
    }

    // "stored" is in both tiers, "durable" in Datastore only.
    private static async Task<OutageFixture> StartAsync()
    {
        OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync("stored", [1], new(), Token);
        await cache.SetAsync("durable", [1], new(), Token);
        Assert.Equal([1], await cache.GetAsync("stored", Token));
        Assert.Equal(1, cache.GetStatistics().MemcacheHits);
        await servers.Memcached.AskAsync("md o.durable\r\n", "HD\r\n");
        return servers;
    }

    private static async Task<string> RunAsync(OutageFixture servers, string key, bool mayGrow)
    {
        using Process process = StarvedProcess.Start(servers.Memcached.Host, servers.Datastore.Host, key, mayGrow);
        try
        {
            string output = await process.StandardOutput.ReadToEndAsync(Token).WaitAsync(Limit, TimeProvider.System, Token);
            return output.TrimEnd();
        }
        finally
        {
            process.Kill();
        }
    }
}
