using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Interleavings;

namespace CascadeCache.Tests.Flow;

/// <summary>The store alone. Windows of 16 minutes: the store's copy lives for 20.</summary>
public sealed class DurableOnlyFlowTests : IAsyncDisposable
{
    private static readonly EntryLifetime Window = new(EntryLifetime.Never, 16 * 60_000);

    private readonly FlowFixture _world = new();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Hits_and_misses_are_counted()
    {
        FlowProcess process = Start();
        Assert.Null(await process.GetAsync());
        await process.SetAsync("v1");
        Assert.Equal("v1", await process.GetAsync());
        Assert.Equal("v1", await process.GetAsync());

        Assert.Equal((2, 1), (process.Count(Counter.DatastoreHits), process.Count(Counter.DatastoreMisses)));
    }

    [Fact]
    public async Task A_value_ends_to_the_millisecond()
    {
        FlowProcess process = Start();
        await process.SetAsync("v1", new EntryLifetime(_world.Now + 1500, 0));

        _world.Time.Advance(TimeSpan.FromMilliseconds(1499));
        Assert.Equal("v1", await process.GetAsync());
        _world.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await process.GetAsync());
    }

    [Theory]
    [InlineData(5, 100, 5)]
    [InlineData(100, 5, 5)]
    public async Task A_value_over_the_smaller_limit_is_refused_and_nothing_is_written(int ours, int theirs, int limit)
    {
        FlowProcess process = Start(o => o.MaxValueBytes = ours);
        _world.Durable.ValueLimit = theirs;

        await process.SetAsync("12345");
        var e = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => process.SetAsync("123456"));

        Assert.Equal((6, limit), (e.Size, e.Limit));
        Assert.Equal("12345", await process.GetAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_access_extends_the_entry_when_its_slack_is_used_up_and_not_before(bool refresh)
    {
        FlowProcess process = Start();
        await process.SetAsync("v1", Window);
        Assert.Equal(_world.Now + (20 * 60_000), _world.Durable.Peek(_world.Key).Value!.Value.ExpiresAt);

        _world.Time.Advance(TimeSpan.FromMinutes(4) - TimeSpan.FromMilliseconds(1));
        await AccessAsync();
        Assert.DoesNotContain(_world.Durable.Script.Log, Commands.Extend);

        _world.Time.Advance(TimeSpan.FromMilliseconds(1));
        await AccessAsync();
        Assert.Single(_world.Durable.Script.Log, Commands.Extend);
        Assert.Equal(_world.Now + (20 * 60_000), _world.Durable.Peek(_world.Key).Value!.Value.ExpiresAt);

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
    public async Task A_read_starts_no_work_before_the_slack_is_used_up()
    {
        int pieces = 0;
        FlowProcess process = _world.Start(backends: CascadeBackends.Datastore, scheduler: new InlineScheduler(run =>
        {
            pieces++;
            run();
        }));
        await process.SetAsync("v1", Window);

        _world.Time.Advance(TimeSpan.FromMinutes(4) - TimeSpan.FromMilliseconds(1));
        await process.GetAsync();
        Assert.Equal(0, pieces);

        _world.Time.Advance(TimeSpan.FromMilliseconds(1));
        await process.GetAsync();
        Assert.Equal(1, pieces);
    }

    [Fact]
    public async Task To_refresh_what_is_not_there_is_a_read_and_nothing_else()
    {
        FlowProcess process = Start();

        await process.RefreshAsync();

        Assert.True(Commands.Read(Assert.Single(_world.Durable.Script.Log)));
    }

    private FlowProcess Start(Action<CascadeCacheOptions>? configure = null) => _world.Start(configure, CascadeBackends.Datastore);
}
