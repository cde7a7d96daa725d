using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.Tests.Flow;

/// <summary>Memcached alone. Windows of 16 minutes: the copy lives for 17.</summary>
public sealed class VolatileOnlyFlowTests : IAsyncDisposable
{
    private static readonly EntryLifetime Window = new(EntryLifetime.Never, 16 * 60_000);

    private readonly FlowFixture _world = new();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Everything_is_counted()
    {
        FlowProcess process = Start();
        Assert.Null(await process.GetAsync());
        await process.SetAsync("v1");
        Assert.Equal("v1", await process.GetAsync());
        Assert.Equal("v1", await process.GetAsync());
        process.Tier.Cut();
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => process.GetAsync());

        Assert.Equal((2, 1, 1), (process.Count(Counter.MemcacheHits), process.Count(Counter.MemcacheMisses), process.Count(Counter.MemcacheUnavailable)));
        Assert.Equal(1, process.Count(Counter.MemcachePublishes));
    }

    [Fact]
    public async Task Foreign_bytes_are_a_miss()
    {
        FlowProcess process = Start();
        _world.Server.Plant("session.abc", [1, 2, 3], flags: 1);

        Assert.Null(await process.GetAsync());

        Assert.Equal((1, 1), (process.Count(Counter.RejectedPayloads), process.Count(Counter.MemcacheMisses)));
        Assert.Equal(0, process.Tier.OpenReads);
    }

    [Fact]
    public async Task An_entry_says_the_same_of_its_copy_and_of_a_store_that_is_not_there()
    {
        FlowProcess process = Start();

        await process.SetAsync("v1", Window);

        Entry entry = _world.StoredEntry();
        Assert.Equal((0L, Window, EntryLifetime.Never), (entry.Version, entry.Lifetime, entry.FreshUntil));
        Assert.Equal((_world.Now + (17 * 60_000), _world.Now + (17 * 60_000)), (entry.CopyExpiry, entry.DurableExpiry));
        Assert.Equal((17 * 60) + 1, _world.Stored!.SecondsToLive);
    }

    [Theory]
    [InlineData(5, 100, 100, 5)]
    [InlineData(100, 5, 100, 5)]
    [InlineData(100, 100, 5, 5)]
    public async Task A_value_over_the_smallest_limit_is_refused_and_the_older_one_stays(int ours, int memcached, int server, int limit)
    {
        FlowProcess process = _world.Start(o => (o.MaxValueBytes, o.MaxMemcacheSessionSizeBytes) = (ours, memcached), CascadeBackends.Memcache);
        _world.Server.ItemLimit = EntryFormat.HeaderSize + server;

        await process.SetAsync("12345");
        var e = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => process.SetAsync("123456"));

        Assert.Equal((6, limit), (e.Size, e.Limit));
        Assert.Equal("12345", await process.GetAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_access_slides_the_copy_when_its_slack_is_used_up_and_not_before(bool refresh)
    {
        FlowProcess process = Start();
        await process.SetAsync("v1", Window);
        _world.Time.Advance(TimeSpan.FromSeconds(59));
        await AccessAsync();
        Assert.Equal(0, process.Count(Counter.MemcacheSlides));

        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await AccessAsync();

        Assert.Equal(1, process.Count(Counter.MemcacheSlides));
        Entry entry = _world.StoredEntry();
        Assert.Equal((_world.Now + (17 * 60_000), _world.Now + (17 * 60_000)), (entry.CopyExpiry, entry.DurableExpiry));
        Assert.Equal(0, process.Tier.OpenReads);

        async Task AccessAsync()
        {
            if (refresh)
            {
                await process.RefreshAsync();
            }
            else
            {
                Assert.Equal("v1", await process.GetAsync());
            }
        }
    }

    [Fact]
    public async Task A_refresh_moves_the_value_only_when_a_slide_is_due()
    {
        FlowProcess process = Start();
        await process.RefreshAsync();
        await process.SetAsync("v1", Window);
        process.Tier.Script.ClearLog();

        await process.RefreshAsync();

        Assert.True(Commands.Look(Assert.Single(process.Tier.Script.Log)));
    }

    [Fact]
    public async Task Of_a_slide_and_a_write_the_write_wins()
    {
        FlowProcess process = Start();
        await process.SetAsync("v1", Window);
        _world.Time.Advance(TimeSpan.FromMinutes(2));
        FakeStop stop = process.Tier.Script.StopBefore(Commands.Store);
        Task slide = process.RefreshAsync();
        await stop.ReachedAsync();

        await process.SetAsync("v2", Window);
        stop.Release();
        await slide;

        Assert.Equal("v2", await process.GetAsync());
        Assert.Equal(0, process.Count(Counter.MemcacheSlides));
    }

    [Fact]
    public async Task A_server_that_refuses_is_an_exception()
    {
        FlowProcess process = Start();
        process.Tier.Script.Next(Commands.Store, VolatileFate.NoMemory);

        await Assert.ThrowsAsync<CascadeUnavailableException>(() => process.SetAsync("v1"));

        Assert.Equal(0, process.Count(Counter.MemcachePublishes));
    }

    private FlowProcess Start() => _world.Start(backends: CascadeBackends.Memcache);
}
