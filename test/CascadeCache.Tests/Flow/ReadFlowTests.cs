using System.Text;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.TestKit.Fakes;
using Xunit;

namespace CascadeCache.Tests.Flow;

public sealed class ReadFlowTests : IAsyncDisposable
{
    private readonly FlowFixture _world = new();
    private readonly FlowProcess _writer;
    private readonly FlowProcess _reader;

    public ReadFlowTests()
    {
        _writer = _world.Start();
        _reader = _world.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        Assert.Equal(0, _reader.Tier.OpenReads);
    }

    [Fact]
    public async Task A_hit_is_one_command_and_leaves_the_store_alone()
    {
        await _writer.SetAsync("v1");
        _world.Durable.Script.ClearLog();

        Assert.Equal("v1", await _reader.GetAsync());

        Assert.Single(_reader.Tier.Script.Log);
        Assert.Empty(_world.Durable.Script.Log);
        Assert.Equal(1, _reader.Count(Counter.MemcacheHits));
    }

    [Fact]
    public async Task A_miss_is_filled_by_the_reader_that_won_the_lease()
    {
        await _writer.SetAsync("v1");
        _world.Server.Evict("session.abc");

        Assert.Equal("v1", await _reader.GetAsync());
        Assert.Equal(EntryKind.Value, _world.StoredKind);
        _world.Durable.Script.ClearLog();
        Assert.Equal("v1", await _writer.GetAsync());
        Assert.Empty(_world.Durable.Script.Log);
    }

    [Fact]
    public async Task A_missing_key_is_remembered_as_absent_for_a_short_time()
    {
        Assert.Null(await _reader.GetAsync());
        Assert.Equal(EntryKind.Absent, _world.StoredKind);
        Assert.Null(await _writer.GetAsync());
        Assert.Single(_world.Durable.Script.Log);

        _world.Time.Advance(TimeSpan.FromSeconds(62));
        Assert.Null(await _writer.GetAsync());
        Assert.Equal(2, _world.Durable.Script.Log.Count);
    }

    [Fact]
    public async Task A_reader_that_did_not_win_the_lease_reads_the_store_and_does_not_fill()
    {
        await _writer.SetAsync("v1");
        _world.Server.Evict("session.abc");
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Read);
        Task<string?> winner = _writer.GetAsync();
        await stop.ReachedAsync();

        Assert.Equal("v1", await _reader.GetAsync());
        Assert.DoesNotContain(_reader.Tier.Script.Log, Commands.Store);
        Assert.Equal(EntryKind.None, _world.StoredKind);

        stop.Release();
        Assert.Equal("v1", await winner);
        Assert.Equal(EntryKind.Value, _world.StoredKind);
    }

    [Fact]
    public async Task Under_a_lock_readers_read_the_store_and_do_not_fill()
    {
        await _writer.SetAsync("v1");
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Commit);
        Task write = _writer.SetAsync("v2");
        await stop.ReachedAsync();

        Assert.Equal("v1", await _reader.GetAsync());
        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        Assert.Equal(1, _reader.Count(Counter.MemcacheLocked));

        stop.Release();
        await write;
        Assert.Equal("v2", await _reader.GetAsync());
    }

    [Fact]
    public async Task A_bypass_marker_sends_readers_to_the_store_and_stays()
    {
        FlowProcess small = _world.Start(o => o.MaxMemcacheSessionSizeBytes = 1);
        await small.SetAsync("v1");
        Assert.Equal(EntryKind.Bypass, _world.StoredKind);

        Assert.Equal("v1", await _reader.GetAsync());
        Assert.Equal(EntryKind.Bypass, _world.StoredKind);
    }

    [Fact]
    public async Task A_server_that_is_cut_off_is_no_reason_to_fail()
    {
        await _writer.SetAsync("v1");
        _reader.Tier.Cut();

        Assert.Equal("v1", await _reader.GetAsync());
        Assert.Equal(1, _reader.Count(Counter.MemcacheUnavailable));
    }

    [Fact]
    public async Task A_store_that_is_down_is_an_exception_and_never_a_missing_value()
    {
        await _writer.SetAsync("v1");
        _world.Durable.Script.Next(Commands.Any, DurableFate.Unavailable, times: 100);
        Assert.Equal("v1", await _reader.GetAsync());

        _world.Server.Evict("session.abc");
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => _reader.GetAsync());
    }

    [Fact]
    public async Task An_absolute_expiration_is_exact_to_the_millisecond()
    {
        await _writer.SetAsync("v1", new EntryLifetime(_world.Now + 1500, 0));
        _world.Time.Advance(TimeSpan.FromMilliseconds(1499));
        Assert.Equal("v1", await _reader.GetAsync());

        _world.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await _reader.GetAsync());
        Assert.NotNull(_world.Durable.Peek(_world.Key).Value);
    }

    [Fact]
    public async Task What_has_expired_in_memcached_is_gone_although_the_store_keeps_it_longer()
    {
        await _writer.SetAsync("v1", Sliding);
        _world.Time.Advance(TimeSpan.FromMinutes(17));

        Assert.Null(await _reader.GetAsync());
        Assert.Equal(EntryKind.Absent, _world.StoredKind);
        Assert.True(_world.Durable.Peek(_world.Key).Value!.Value.ExpiresAt > _world.Now);

        _world.Time.Advance(TimeSpan.FromMinutes(2)); // the marker lasts as long as the store's copy
        Assert.Null(await _writer.GetAsync());
    }

    [Fact]
    public async Task What_has_expired_in_memcached_lives_on_if_a_process_that_is_cut_off_has_used_it()
    {
        await _writer.SetAsync("v1", Sliding);
        _world.Time.Advance(TimeSpan.FromMinutes(14));
        _writer.Tier.Cut();
        Assert.Equal("v1", await _writer.GetAsync());

        _world.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal("v1", await _reader.GetAsync());
    }

    [Fact]
    public async Task Foreign_bytes_are_a_miss_and_are_repaired()
    {
        await _writer.SetAsync("v1");
        _world.Server.Plant("session.abc", Encoding.UTF8.GetBytes("somebody else's"), flags: 0);

        Assert.Equal("v1", await _reader.GetAsync());
        Assert.Equal(EntryKind.Value, _world.StoredKind);
        Assert.Equal(1, _reader.Count(Counter.RejectedPayloads));
        Assert.Equal(1, _reader.Log.Count(3));
    }

    [Fact]
    public async Task A_damaged_value_is_never_returned()
    {
        await _writer.SetAsync("v1");
        byte[] bytes = _world.Stored!.Bytes;
        bytes[^1] ^= 1;
        _world.Server.Plant("session.abc", bytes, _world.Stored.Flags);

        Assert.Equal("v1", await _reader.GetAsync());
        Assert.Equal(1, _reader.Count(Counter.RejectedPayloads));
    }

    [Fact]
    public async Task Nobody_fills_a_restarted_server_until_the_locks_it_lost_have_run_out()
    {
        await _writer.SetAsync("v1");
        _world.Server.Restart();

        Assert.Equal("v1", await _reader.GetAsync());
        Assert.NotEqual(EntryKind.Value, _world.StoredKind);

        _world.Time.Advance(_reader.Settings.LockTime - TimeSpan.FromMilliseconds(1));
        Assert.Equal("v1", await _reader.GetAsync());
        Assert.NotEqual(EntryKind.Value, _world.StoredKind);

        _world.Time.Advance(TimeSpan.FromSeconds(FlowSettingsLease));
        Assert.Equal("v1", await _reader.GetAsync());
        Assert.Equal(EntryKind.Value, _world.StoredKind);
    }

    [Fact]
    public async Task Nobody_fills_a_server_whose_age_is_unknown()
    {
        await _writer.SetAsync("v1");
        _world.Server.Evict("session.abc");
        _world.Server.TellsAge = false;

        Assert.Equal("v1", await _reader.GetAsync());
        Assert.NotEqual(EntryKind.Value, _world.StoredKind);
    }

    private const int FlowSettingsLease = 11;

    private static EntryLifetime Sliding => new(EntryLifetime.Never, 16 * 60_000);
}
