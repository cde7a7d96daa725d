using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.TestKit.Fakes;
using Xunit;

namespace CascadeCache.Tests.Flow;

/// <summary>Windows of 16 minutes: the memcached copy lives for 17, the store's for 20.</summary>
public sealed class SlideFlowTests : IAsyncDisposable
{
    private static readonly EntryLifetime Window = new(EntryLifetime.Never, 16 * 60_000);

    private readonly FlowFixture _world = new();
    private readonly FlowProcess _a;
    private readonly FlowProcess _b;

    public SlideFlowTests()
    {
        _a = _world.Start();
        _b = _world.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        Assert.Equal(0, _a.Tier.OpenReads);
    }

    [Fact]
    public async Task A_refresh_that_is_not_due_moves_no_value_and_writes_nothing()
    {
        await _a.SetAsync("v1", Window);
        _world.Durable.Script.ClearLog();
        _world.Time.Advance(TimeSpan.FromSeconds(59));

        await _b.RefreshAsync();

        Assert.False(Assert.Single(_b.Tier.Script.Log).WithLease);
        Assert.Empty(_world.Durable.Script.Log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_sixteenth_of_the_window_an_access_rewrites_the_memcached_copy_alone(bool refresh)
    {
        await _a.SetAsync("v1", Window);
        _world.Durable.Script.ClearLog();
        _world.Time.Advance(TimeSpan.FromSeconds(61));

        await AccessAsync(_b, refresh);

        Assert.Equal(1, _b.Count(Counter.MemcacheSlides));
        Assert.Equal(_world.Now + (17 * 60_000), _world.StoredEntry().CopyExpiry);
        Assert.Empty(_world.Durable.Script.Log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_quarter_of_the_window_an_access_extends_the_store_too(bool refresh)
    {
        await _a.SetAsync("v1", Window);
        _world.Durable.Script.ClearLog();
        _world.Time.Advance(TimeSpan.FromSeconds(241));

        await AccessAsync(_b, refresh);

        Assert.True(Commands.Extend(Assert.Single(_world.Durable.Script.Log)));
        Assert.Equal(_world.Now + (20 * 60_000), _world.Durable.Peek(_world.Key).Value!.Value.ExpiresAt);
        Assert.Equal(_world.Durable.Peek(_world.Key).Version, _world.StoredEntry().Version);
    }

    [Fact]
    public async Task An_entry_in_use_lives_on_and_costs_one_store_write_per_quarter_of_its_window()
    {
        await _a.SetAsync("v1", Window);
        _world.Durable.Script.ClearLog();
        for (int minute = 0; minute < 160; minute++)
        {
            _world.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal("v1", await _b.GetAsync());
        }

        Assert.InRange(_world.Durable.Script.Log.Count(Commands.Extend), 30, 40);
    }

    [Fact]
    public async Task An_unused_entry_does_not_live_on()
    {
        await _a.SetAsync("v1", Window);
        _world.Time.Advance(TimeSpan.FromMinutes(17));

        Assert.Null(await _b.GetAsync());
        await _b.RefreshAsync();
        Assert.Null(await _b.GetAsync());
    }

    [Fact]
    public async Task An_extended_copy_is_believed_as_long_as_one_just_read()
    {
        await _a.SetAsync("v1", Window);
        _world.Time.Advance(TimeSpan.FromMinutes(5));

        await _a.RefreshAsync();

        Assert.Equal(_world.Now + (long)_a.Settings.MaxStaleness.TotalMilliseconds, _world.StoredEntry().FreshUntil);
        Assert.Equal(_world.Now + (17 * 60_000), _world.StoredEntry().CopyExpiry);
        Assert.Equal(_world.Now + (20 * 60_000), _world.StoredEntry().DurableExpiry);
    }

    [Theory]
    [InlineData(59, 0)]
    [InlineData(60, 1)]
    public async Task A_process_that_is_cut_off_spends_only_memcacheds_slack_before_it_extends(int seconds, int extensions)
    {
        await _a.SetAsync("v1", Window);
        _a.Tier.Cut();
        _world.Time.Advance(TimeSpan.FromSeconds(seconds));

        await _a.GetAsync();

        Assert.Equal(extensions, _world.Durable.Script.Log.Count(Commands.Extend));
    }

    [Fact]
    public async Task A_slide_neither_overwrites_nor_revives()
    {
        await _a.SetAsync("v1", Window);
        _world.Time.Advance(TimeSpan.FromSeconds(241));
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Extend);
        Task slide = _b.RefreshAsync();
        await stop.ReachedAsync();

        await _a.RemoveAsync();
        stop.Release();
        await slide;

        Assert.Null(_world.Durable.Peek(_world.Key).Value);
        Assert.Null(await _a.GetAsync());
    }

    [Fact]
    public async Task A_slide_that_read_before_a_write_does_not_put_the_old_value_back()
    {
        await _a.SetAsync("v1", Window);
        _world.Time.Advance(TimeSpan.FromSeconds(61));
        FakeStop stop = _b.Tier.Script.StopBefore(Commands.Store);
        Task slide = _b.RefreshAsync();
        await stop.ReachedAsync();

        await _a.SetAsync("v2", Window);
        stop.Release();
        await slide;

        Assert.Equal("v2", await _b.GetAsync());
        Assert.Equal(0, _b.Count(Counter.MemcacheSlides));
    }

    [Fact]
    public async Task A_refresh_does_not_prolong_a_lock()
    {
        await _a.SetAsync("v1", Window);
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Commit);
        Task write = _a.SetAsync("v2", Window);
        await stop.ReachedAsync();
        _world.Time.Advance(TimeSpan.FromSeconds(20));
        int left = _world.Stored!.SecondsToLive;

        await _b.RefreshAsync();

        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        Assert.Equal(left, _world.Stored.SecondsToLive);
        stop.Release();
        await write;
    }

    [Fact]
    public async Task An_entry_that_never_slides_is_never_rewritten()
    {
        await _a.SetAsync("v1");
        _world.Time.Advance(TimeSpan.FromMinutes(40));

        await _b.RefreshAsync();

        Assert.Equal(0, _b.Count(Counter.MemcacheSlides));
        Assert.DoesNotContain(_world.Durable.Script.Log, Commands.Extend);
    }

    private static async Task AccessAsync(FlowProcess process, bool refresh)
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
