using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.Tests.Flow;

/// <summary>What a read is counted as, what it costs, and what it leaves behind in memcached.</summary>
public sealed class ReadCountTests : IAsyncDisposable
{
    private readonly FlowFixture _world = new();
    private readonly FlowProcess _writer;
    private readonly FlowProcess _reader;

    public ReadCountTests()
    {
        _writer = _world.Start();
        _reader = _world.Start();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_read_that_fills_is_a_miss_here_and_a_hit_there()
    {
        await _writer.SetAsync("v1");
        _world.Server.Evict("session.abc");

        await _reader.GetAsync();

        AssertCounts(misses: 1, fills: 1, durableHits: 1);
    }

    [Fact]
    public async Task A_missing_key_is_missed_once_and_then_known_to_be_absent()
    {
        await _reader.GetAsync();
        await _reader.GetAsync();

        AssertCounts(misses: 1, fills: 1, absent: 1, durableMisses: 1);
    }

    [Fact]
    public async Task A_fill_that_came_too_late_is_none()
    {
        await _writer.SetAsync("v1");
        _world.Server.Evict("session.abc");
        FakeStop stop = _reader.Tier.Script.StopBefore(Commands.Store);
        Task<string?> read = _reader.GetAsync();
        await stop.ReachedAsync();
        await _writer.SetAsync("v2");
        stop.Release();
        await read;

        AssertCounts(misses: 1, durableHits: 1);
    }

    [Fact]
    public async Task A_server_that_must_not_be_read_counts_as_unavailable()
    {
        await _writer.SetAsync("v1");
        _writer.Tier.Cut();
        await _writer.SetAsync("v2");

        Assert.Equal("v2", await _writer.GetAsync());

        Assert.Equal((1, 1), (_writer.Count(Counter.MemcacheUnavailable), _writer.Count(Counter.DatastoreHits)));
    }

    [Fact]
    public async Task An_absent_marker_ends_a_minute_later_and_a_copy_is_believed_for_the_longest_staleness()
    {
        await _reader.GetAsync();

        Entry marker = _world.StoredEntry();
        long end = _world.Now + 60_000;
        Assert.Equal((end, end, new EntryLifetime(end, 0)), (marker.CopyExpiry, marker.DurableExpiry, marker.Lifetime));
        Assert.Equal(_world.Now + 3_600_000, marker.FreshUntil);
        Assert.Equal(61, _world.Stored!.SecondsToLive);

        await _writer.SetAsync("v1", new EntryLifetime(_world.Now + 86_400_000, 0));
        Assert.Equal(_world.Now + 3_600_000, _world.StoredEntry().FreshUntil);
    }

    [Fact]
    public async Task A_copy_that_may_no_longer_be_believed_is_read_again_and_replaced()
    {
        await _writer.SetAsync("v1", new EntryLifetime(_world.Now + 86_400_000, 0));
        _world.Server.Plant("session.abc", _world.Stored!.Bytes, _world.Stored.Flags); // an item that outlives what is in it
        _world.Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal("v1", await _reader.GetAsync());

        AssertCounts(misses: 1, fills: 1, durableHits: 1);
        Assert.Equal(_world.Now + 3_600_000, _world.StoredEntry().FreshUntil);
    }

    [Fact]
    public async Task A_refresh_of_a_key_that_is_known_to_be_absent_is_one_command()
    {
        await _writer.GetAsync();
        _world.Durable.Script.ClearLog();

        await _reader.RefreshAsync();

        Assert.Single(_reader.Tier.Script.Log);
        Assert.Empty(_world.Durable.Script.Log);
    }

    [Fact]
    public async Task A_refresh_of_what_memcached_does_not_have_asks_the_store()
    {
        FlowProcess small = _world.Start(o => o.MaxMemcacheSessionSizeBytes = 1);
        await small.SetAsync("v1");
        _world.Durable.Script.ClearLog();

        await _reader.RefreshAsync();

        Assert.True(Commands.Read(Assert.Single(_world.Durable.Script.Log)));
        Assert.Equal(0, _reader.Tier.OpenReads);
    }

    [Fact]
    public async Task A_lock_that_never_ends_is_somebody_elses_item_and_is_repaired()
    {
        await _writer.SetAsync("v1");
        _world.Server.Plant("session.abc", [1], EntryFlags.ForLock, seconds: 100_000); // stays for years

        Assert.Equal("v1", await _reader.GetAsync());

        Assert.Equal(1, _reader.Count(Counter.RejectedPayloads));
        Assert.Equal(EntryKind.Value, _world.StoredKind);
    }

    [Fact]
    public async Task Rejected_items_are_logged_once_a_minute_and_counted_always()
    {
        foreach (int seconds in new[] { 0, 59, 1 })
        {
            _world.Time.Advance(TimeSpan.FromSeconds(seconds));
            _world.Server.Plant("session.abc", [1], flags: 1);
            await _reader.GetAsync();
        }

        Assert.Equal(3, _reader.Count(Counter.RejectedPayloads));
        Assert.Equal(2, _reader.Log.Count(3));
    }

    [Fact]
    public async Task Blocking_callers_read_for_themselves()
    {
        FlowProcess small = _world.Start(o => o.MaxMemcacheSessionSizeBytes = 1);
        await small.SetAsync("v1");
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Read);
        Task<string?> first = _reader.GetAsync();
        await stop.ReachedAsync();

        (await _reader.Flow.GetAsync(_world.Key, CallContext.Sync)).Dispose();

        Assert.Equal(0, _reader.Count(Counter.DatastoreSharedReads));
        stop.Release();
        Assert.Equal("v1", await first);
    }

    private void AssertCounts(int misses = 0, int fills = 0, int absent = 0, int durableHits = 0, int durableMisses = 0)
    {
        Assert.Equal(
            (misses, fills, absent),
            (_reader.Count(Counter.MemcacheMisses), _reader.Count(Counter.MemcacheFills), _reader.Count(Counter.MemcacheAbsentHits)));
        Assert.Equal((durableHits, durableMisses), (_reader.Count(Counter.DatastoreHits), _reader.Count(Counter.DatastoreMisses)));
        Assert.Equal((0, 0), (_reader.Count(Counter.MemcacheHits), _reader.Count(Counter.MemcacheUnavailable)));
    }
}
