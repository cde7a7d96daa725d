using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Interleavings;

namespace CascadeCache.Tests.Flow;

/// <summary>
/// What is slid, when and by whom, where memcached has no copy or one that cannot tell; and the millisecond from which something is due or has ended. Windows of
/// 16 minutes: the memcached copy lives for 17, the store's for 20.
/// </summary>
public sealed class ReadSlideTests : IAsyncDisposable
{
    private const long Minute = 60_000;

    private static readonly EntryLifetime Window = new(EntryLifetime.Never, 16 * Minute);

    private readonly FlowFixture _world = new();
    private readonly FlowProcess _writer;
    private readonly FlowProcess _reader;
    private int _pieces;

    public ReadSlideTests()
    {
        _writer = _world.Start();
        _reader = _world.Start(scheduler: new InlineScheduler(run =>
        {
            _pieces++;
            run();
        }));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_evicted_is_slid_in_both_places_by_the_access_that_brings_it_back(bool refresh)
    {
        await _writer.SetAsync("v1", Window);
        await LoseCopyAsync(after: 4 * Minute);

        await AccessAsync(refresh);

        Assert.Single(_world.Durable.Script.Log, Commands.Extend);
        Entry copy = _world.StoredEntry();
        Assert.Equal((_world.Now + (17 * Minute), _world.Now + (20 * Minute)), (copy.CopyExpiry, copy.DurableExpiry));
        Assert.Equal(_world.Durable.Peek(_world.Key).Version, copy.Version);
        Assert.Equal(copy.DurableExpiry, _world.Durable.Peek(_world.Key).Value!.Value.ExpiresAt);
    }

    [Fact]
    public async Task A_refresh_extends_the_store_before_it_fills_and_a_read_has_its_value_before()
    {
        await _writer.SetAsync("v1", Window);
        await LoseCopyAsync(after: 4 * Minute);
        await _reader.RefreshAsync();
        Assert.Equal((1, 0), (_reader.Count(Counter.MemcacheFills), _reader.Count(Counter.MemcacheSlides)));
        Assert.Equal(0, _pieces);

        await LoseCopyAsync(after: 4 * Minute);
        _world.Durable.Script.Next(Commands.Extend, DurableFate.Unavailable);
        Assert.Equal("v1", await _reader.GetAsync());
        Assert.Equal(1, _reader.Count(Counter.BackgroundFailures));
    }

    [Fact]
    public async Task A_read_that_fills_before_anything_is_due_is_a_look_and_a_fill_and_starts_no_work()
    {
        await _writer.SetAsync("v1", Window);
        await LoseCopyAsync(after: (4 * Minute) - 1);

        Assert.Equal("v1", await _reader.GetAsync());

        Assert.Collection(_reader.Tier.Script.Log, c => Assert.True(Commands.Look(c)), c => Assert.True(Commands.Store(c)));
        Assert.Equal(0, _pieces);
    }

    [Theory]
    [InlineData(Minute - 1, 0)]
    [InlineData(Minute, 1)]
    public async Task A_process_that_is_cut_off_extends_with_one_small_write_and_does_not_read_again(long after, int extensions)
    {
        await _writer.SetAsync("v1", Window);
        _reader.Tier.Cut();
        _world.Durable.Script.ClearLog();
        _world.Time.Advance(TimeSpan.FromMilliseconds(after));

        Assert.Equal("v1", await _reader.GetAsync());

        Assert.Equal((1, extensions), (_world.Durable.Script.Log.Count(Commands.Read), _world.Durable.Script.Log.Count(Commands.Extend)));
        Assert.Equal(1 + extensions, _world.Durable.Script.Log.Count);
        Assert.Equal(extensions, _pieces);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_a_server_must_not_be_read_its_copy_does_not_decide_what_is_due(bool refresh)
    {
        await _reader.SetAsync("v1"); // which never slides
        _reader.Tier.Cut();
        await _reader.SetAsync("v2", Window);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        await _reader.Background.WhenIdleAsync();
        _reader.Tier.Reconnect(); // and nobody has noticed
        _reader.Tier.Script.ClearLog();
        _world.Durable.Script.ClearLog();

        await AccessAsync(refresh, "v2");

        Assert.Empty(_reader.Tier.Script.Log);
        Assert.Single(_world.Durable.Script.Log, Commands.Extend); // as early as one that is cut off
    }

    [Theory]
    [InlineData(Minute - 1, 0)]
    [InlineData(Minute, 1)]
    public async Task A_copy_is_slid_from_the_millisecond_on_from_which_its_window_is_left(long after, int slides)
    {
        await _writer.SetAsync("v1", Window);
        _world.Time.Advance(TimeSpan.FromMilliseconds(after));

        Assert.Equal("v1", await _reader.GetAsync());

        Assert.Equal((slides, slides), (_reader.Count(Counter.MemcacheSlides), _pieces));
    }

    [Fact]
    public async Task Flags_round_down_and_the_entry_decides()
    {
        _world.Time.Advance(TimeSpan.FromMilliseconds(500));
        await _writer.SetAsync("v1", Window);
        _world.Time.Advance(TimeSpan.FromMilliseconds(Minute - 1));

        await _reader.RefreshAsync();

        Assert.Equal((1, 0), (_reader.Count(Counter.MemcacheHits), _reader.Count(Counter.MemcacheSlides)));
        Assert.DoesNotContain(_reader.Tier.Script.Log, Commands.Store);
    }

    [Fact]
    public async Task A_marker_that_has_expired_does_not_end_the_value_in_the_store()
    {
        FlowProcess small = _world.Start(o => o.MaxMemcacheSessionSizeBytes = 1);
        await small.SetAsync("v1", Window);
        _world.Time.Advance(TimeSpan.FromMinutes(17));
        Assert.Equal(EntryKind.Bypass, _world.StoredKind);

        Assert.Equal("v1", await _reader.GetAsync());
    }

    [Fact]
    public async Task An_entry_ends_to_the_millisecond_where_only_the_store_has_it()
    {
        await _writer.SetAsync("v1", new EntryLifetime(_world.Now + 1500, 0));
        await LoseCopyAsync(after: 1499);
        Assert.Equal("v1", await _reader.GetAsync());

        await LoseCopyAsync(after: 1);
        Assert.Null(await _reader.GetAsync());
        Assert.Equal((EntryKind.Absent, _world.Now + Minute), (_world.StoredKind!.Value, _world.StoredEntry().CopyExpiry));
    }

    [Fact]
    public async Task A_slide_that_finds_a_value_which_ends_this_moment_leaves_an_absent_marker()
    {
        await _writer.SetAsync("v1", Window);
        var value = new DurableValue("v2"u8.ToArray().ToSequence(), new EntryLifetime(_world.Now + (4 * Minute), 0), _world.Now + (4 * Minute));
        await _world.Durable.WriteAsync(_world.Key, value, WriteCondition.Always, DurableCause.Set, CallContext.Sync);
        _world.Time.Advance(TimeSpan.FromMinutes(4));

        await _reader.RefreshAsync();

        Assert.Equal((EntryKind.Absent, _world.Now + Minute), (_world.StoredKind!.Value, _world.StoredEntry().CopyExpiry));
    }

    private async Task LoseCopyAsync(long after)
    {
        _world.Time.Advance(TimeSpan.FromMilliseconds(after));
        await _reader.Background.WhenIdleAsync();
        _world.Server.Evict("session.abc");
    }

    private async Task AccessAsync(bool refresh, string value = "v1")
    {
        if (refresh)
        {
            await _reader.RefreshAsync();
        }
        else
        {
            Assert.Equal(value, await _reader.GetAsync());
        }
    }
}
