using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>The layer in a real host: real requests, one after the other on one connection, the cache's own counters.</summary>
public sealed class LayerHostTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, "1")]
    [InlineData(false, "2")]
    public async Task A_second_read_in_a_request_costs_nothing_and_the_next_request_reads_anew(bool withLayer, string reads)
    {
        await using LayerHost host = await LayerHost.StartAsync(withLayer);
        using HttpClient browser = host.NewBrowser();
        Assert.Equal("(none) (none) " + reads, await browser.GetStringAsync("/twice/k", Token));

        foreach (string value in (string[])["a", "b"])
        {
            await host.Cache.SetAsync("k", LayerRig.Bytes(value), new DistributedCacheEntryOptions(), Token);
            Assert.Equal($"{value} {value} {reads}", await browser.GetStringAsync("/twice/k", Token));
        }
    }

    [Fact]
    public async Task Parallel_calls_of_one_request_agree()
    {
        await using LayerHost host = await LayerHost.StartAsync();
        using HttpClient browser = host.NewBrowser();
        await host.Cache.SetAsync("k", LayerRig.Bytes("v"), new DistributedCacheEntryOptions(), Token);

        string[] told = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => browser.GetStringAsync("/parallel/k", Token)));
        Assert.All(told, static line => Assert.StartsWith("v ", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, LogLevel.Warning, "1")]
    [InlineData(true, LogLevel.Information, "1")]
    [InlineData(false, LogLevel.Information, "2")]
    public async Task The_read_that_the_stock_session_makes_for_a_log_message_is_free(bool withLayer, LogLevel level, string reads)
    {
        await using LayerHost host = await LayerHost.StartAsync(withLayer, level);
        using HttpClient browser = host.NewBrowser();

        foreach (string value in (string[])["a", "b"])
        {
            Assert.Equal(reads, await browser.GetStringAsync("/session/" + value, Token));
            Assert.Equal(value, await browser.GetStringAsync("/show", Token));
        }
    }

    [Fact]
    public async Task A_conditional_write_updates_the_copy_and_one_that_meets_another_version_drops_it()
    {
        await using LayerHost host = await LayerHost.StartAsync();
        using HttpClient browser = host.NewBrowser();

        Assert.Equal("mine 0 True theirs 1", await browser.GetStringAsync("/versions/k", Token));
    }

    [Fact]
    public async Task A_task_that_runs_on_after_its_request_reads_from_the_cache()
    {
        await using LayerHost host = await LayerHost.StartAsync();
        using HttpClient browser = host.NewBrowser();
        await host.Cache.SetAsync("k", LayerRig.Bytes("old"), new DistributedCacheEntryOptions(), Token);
        await browser.GetStringAsync("/background/k", Token);
        await host.Cache.SetAsync("k", LayerRig.Bytes("new"), new DistributedCacheEntryOptions(), Token);

        // The connection's next request begins when the one before has ended.
        await browser.GetStringAsync("/show", Token);
        host.RequestEnded.SetResult();
        Assert.Equal("new", await host.Background.WaitAsync(Token));
    }
}
