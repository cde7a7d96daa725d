using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.Tests.Flow;

/// <summary>What a write or a slide is counted as, where its limits lie, and what it leaves behind.</summary>
public sealed class WriteCountTests : IAsyncDisposable
{
    private static readonly EntryLifetime Window = new(EntryLifetime.Never, 16 * 60_000);

    private readonly FlowFixture _world = new();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(5, 100)]
    [InlineData(100, 5)]
    public async Task The_smaller_limit_counts_and_is_exact(int ours, int theirs)
    {
        FlowProcess process = _world.Start(o => o.MaxValueBytes = ours);
        _world.Durable.ValueLimit = theirs;

        await process.SetAsync("12345");
        var e = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => process.SetAsync("123456"));

        Assert.Equal((6, 5), (e.Size, e.Limit));
        Assert.Equal("12345", await process.GetAsync());
    }

    [Fact]
    public async Task A_write_publishes_once_and_is_contended_by_nobody()
    {
        FlowProcess process = _world.Start();

        await process.SetAsync("v1", Window);

        Assert.Equal((1, 0), (process.Count(Counter.MemcachePublishes), process.Count(Counter.MemcacheContendedWrites)));
        Entry entry = _world.StoredEntry();
        Assert.Equal((_world.Now + (17 * 60_000), _world.Now + (20 * 60_000)), (entry.CopyExpiry, entry.DurableExpiry));
        Assert.Equal(_world.Now + 3_600_000, entry.FreshUntil);
        Assert.Equal(_world.Now + (20 * 60_000), _world.Durable.Peek(_world.Key).Value!.Value.ExpiresAt);
    }

    [Fact]
    public async Task A_write_over_a_restarted_server_is_not_published()
    {
        FlowProcess process = _world.Start();
        _world.Server.Restart();

        await process.SetAsync("v1");

        Assert.Equal((0, 1), (process.Count(Counter.MemcachePublishes), process.Count(Counter.MemcacheContendedWrites)));
        Assert.Null(_world.StoredKind);
        _world.Time.Advance(process.Settings.LockTime);
        await process.SetAsync("v2");
        Assert.Equal(EntryKind.Value, _world.StoredKind);
    }

    [Fact]
    public async Task An_unknown_outcome_is_counted_with_and_without_a_lock()
    {
        FlowProcess process = _world.Start();
        _world.Durable.Script.Next(Commands.Commit, DurableFate.UnknownNotApplied, times: 2);
        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => process.SetAsync("v1"));
        process.Tier.Cut();
        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => process.SetAsync("v2"));

        Assert.Equal(2, process.Count(Counter.DatastoreUnknownOutcomes));
        Assert.Equal(1, process.Count(Counter.BacklogAdded));
    }

    [Fact]
    public async Task A_publish_for_which_the_server_cannot_be_reached_any_more_is_on_the_backlog()
    {
        FlowProcess process = _world.Start();
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Commit);
        Task write = process.SetAsync("v1");
        await stop.ReachedAsync();
        process.Tier.Cut();
        stop.Release();
        await write;

        Assert.Equal((1, 0), (process.Count(Counter.BacklogAdded), process.Count(Counter.MemcachePublishes)));
    }

    [Fact]
    public async Task A_caller_that_gives_up_after_the_commit_does_not_keep_it_from_being_published()
    {
        FlowProcess process = _world.Start();
        using var impatience = new CancellationTokenSource();
        FakeStop stop = _world.Durable.Script.StopAfter(Commands.Commit);
        Task write = process.Flow.SetAsync(_world.Key, new byte[1], process.Hour, CallContext.Async(impatience.Token)).AsTask();
        await stop.ReachedAsync();
        await impatience.CancelAsync();
        stop.Release();
        await write;

        Assert.Equal(EntryKind.Value, _world.StoredKind);
    }

    [Fact]
    public async Task A_writer_that_met_another_and_failed_takes_only_itself_out()
    {
        FlowProcess one = _world.Start();
        FlowProcess other = _world.Start();
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Commit);
        Task first = one.SetAsync("v1");
        await stop.ReachedAsync();
        _world.Durable.Script.Next(Commands.Commit, DurableFate.Unavailable);
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => other.SetAsync("v2"));
        Assert.Equal(EntryKind.Lock, _world.StoredKind);

        stop.Release();
        await first;

        Assert.Null(_world.StoredKind);
        Assert.Equal("v1", await other.GetAsync());
        Assert.Equal((0, 0), (one.Tier.OpenReads, other.Tier.OpenReads));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_marker_is_given_back_after_a_commit_that_failed(bool absent)
    {
        FlowProcess process = _world.Start(o => o.MaxMemcacheSessionSizeBytes = 1);
        if (absent)
        {
            await process.GetAsync();
        }
        else
        {
            await process.SetAsync("v1");
        }

        EntryKind? before = _world.StoredKind;
        _world.Durable.Script.Next(Commands.Commit, DurableFate.Unavailable);
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => process.SetAsync("v2"));

        Assert.Equal(absent ? EntryKind.Absent : EntryKind.Bypass, before);
        Assert.Equal(before, _world.StoredKind);
    }

    [Fact]
    public async Task A_slide_of_what_was_removed_behind_its_back_leaves_an_absent_marker()
    {
        FlowProcess process = _world.Start();
        await process.SetAsync("v1", Window);
        await _world.Durable.DeleteAsync(_world.Key, null, DurableCause.Remove, CallContext.Sync);
        _world.Time.Advance(TimeSpan.FromSeconds(241));

        await process.RefreshAsync();

        Assert.Equal(EntryKind.Absent, _world.StoredKind);
        Assert.Null(await process.GetAsync());
    }

    [Fact]
    public async Task A_slide_of_what_was_replaced_behind_its_back_takes_the_new_value()
    {
        FlowProcess process = _world.Start();
        await process.SetAsync("v1", Window);
        var value = new DurableValue("v2"u8.ToArray().ToSequence(), Window, _world.Now + (20 * 60_000));
        DurableWrite write = await _world.Durable.WriteAsync(_world.Key, value, WriteCondition.Always, DurableCause.Set, CallContext.Sync);
        _world.Time.Advance(TimeSpan.FromSeconds(241));

        await process.RefreshAsync();

        Assert.Equal("v2", await process.GetAsync());
        Assert.Equal(write.Version + 1, _world.StoredEntry().Version); // extended, too
        Assert.Equal(_world.Now + 3_600_000, _world.StoredEntry().FreshUntil);
    }
}
