using System.Text;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.Tests.Flow;

/// <summary>Writes and removals that name the version they replace, over both tiers.</summary>
public sealed class ConditionalWriteTests : IAsyncDisposable
{
    private readonly FlowFixture _world = new();
    private readonly FlowProcess _a;
    private readonly FlowProcess _b;

    public ConditionalWriteTests()
    {
        _a = _world.Start();
        _b = _world.Start();
    }

    private static CallContext Call => CallContext.Async(CancellationToken.None);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_version_read_from_memcache_is_good_for_the_first_attempt_and_costs_no_read()
    {
        await _a.SetAsync("v1");
        (string? value, CacheVersion version) = await ReadAsync(_b);
        _world.Durable.Script.ClearLog();

        CacheVersion? next = await TrySetAsync(_b, "v2", version);

        Assert.Equal("v1", value);
        Assert.Equal(new CacheVersion(_world.Durable.Peek(_world.Key).Version), next);
        Assert.True(Commands.Commit(Assert.Single(_world.Durable.Script.Log)));
        Assert.Equal("v2", await _a.GetAsync());
        Assert.Equal(next, (await ReadAsync(_a)).Version);
        Assert.Equal(EntryKind.Value, _world.StoredKind);
    }

    [Fact]
    public async Task Of_two_writers_with_one_version_the_second_stores_nothing_and_the_first_ones_copy_stays()
    {
        await _a.SetAsync("v1");
        CacheVersion version = (await ReadAsync(_a)).Version;

        Assert.NotNull(await TrySetAsync(_a, "a", version));
        Assert.Null(await TrySetAsync(_b, "b", version));

        _world.Durable.Script.ClearLog();
        Assert.Equal("a", await _b.GetAsync());
        Assert.Empty(_world.Durable.Script.Log);
    }

    [Fact]
    public async Task A_copy_that_turns_out_to_be_older_than_the_durable_tier_is_removed_or_the_next_read_would_fail_again()
    {
        FlowProcess cutOff = _world.Start();
        await _a.SetAsync("v1");
        cutOff.Tier.Cut();
        await cutOff.SetAsync("v2");
        (string? stale, CacheVersion version) = await ReadAsync(_a);

        Assert.Equal("v1", stale);
        Assert.Null(await TrySetAsync(_a, "v3", version));

        Assert.Null(_world.StoredKind);
        (string? current, version) = await ReadAsync(_a);
        Assert.Equal("v2", current);
        Assert.NotNull(await TrySetAsync(_a, "v3", version));
    }

    [Fact]
    public async Task A_conflict_beside_another_writer_takes_only_itself_out_of_the_lock()
    {
        await _a.SetAsync("v1");
        CacheVersion version = (await ReadAsync(_a)).Version;
        await _a.SetAsync("v2");
        FakeStop stop = _world.Durable.Script.StopBefore(Commands.Commit);
        Task other = _a.SetAsync("v3");
        await stop.ReachedAsync();

        Assert.Null(await TrySetAsync(_b, "b", version));

        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        stop.Release();
        await other;
        Assert.Equal("v3", await _b.GetAsync());
    }

    [Fact]
    public async Task After_a_removal_the_version_no_longer_stands_and_nothing_is_revived()
    {
        await _a.SetAsync("v1");
        CacheVersion version = (await ReadAsync(_a)).Version;
        await _b.RemoveAsync();

        Assert.Null(await TrySetAsync(_a, "v2", version));

        Assert.Null(await _b.GetAsync());
        Assert.False(_world.Durable.Peek(_world.Key).IsStored);
    }

    [Fact]
    public async Task Only_one_of_two_creates_the_entry()
    {
        Assert.Equal((null, CacheVersion.Absent), await ReadAsync(_a));

        CacheVersion? first = await TrySetAsync(_a, "a", CacheVersion.Absent);
        CacheVersion? second = await TrySetAsync(_b, "b", CacheVersion.Absent);

        Assert.NotNull(first);
        Assert.Null(second);
        Assert.Equal("a", await _b.GetAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_has_expired_but_is_still_stored_can_be_created(bool memcacheRemembers)
    {
        await _a.SetAsync("old", new EntryLifetime(_world.Now + 1000, 0));
        _world.Time.Advance(TimeSpan.FromSeconds(2));
        if (memcacheRemembers)
        {
            Assert.Null(await _a.GetAsync()); // leaves an absent marker
        }

        Assert.NotNull(await TrySetAsync(_b, "new", CacheVersion.Absent));

        Assert.Equal("new", await _a.GetAsync());
    }

    [Fact]
    public async Task Who_has_read_that_it_has_expired_knows_what_is_stored_and_creates_in_one_step()
    {
        await _a.SetAsync("old", new EntryLifetime(_world.Now + 1000, 0));
        _world.Time.Advance(TimeSpan.FromSeconds(2));
        (string? value, CacheVersion version) = await ReadAsync(_a);
        _world.Durable.Script.ClearLog();

        CacheVersion? created = await TrySetAsync(_a, "new", version);

        Assert.Null(value);
        Assert.False(version.Exists);
        Assert.NotNull(created);
        Assert.True(Commands.Commit(Assert.Single(_world.Durable.Script.Log)));
        Assert.Null(await TrySetAsync(_b, "late", version));
        Assert.Equal("new", await _b.GetAsync());
    }

    [Fact]
    public async Task What_had_expired_and_has_been_cleaned_up_since_is_created_all_the_same()
    {
        await _a.SetAsync("old", new EntryLifetime(_world.Now + 1000, 0));
        _world.Time.Advance(TimeSpan.FromSeconds(2));
        CacheVersion version = (await ReadAsync(_a)).Version;
        await _world.Durable.DeleteAsync(_world.Key, baseVersion: null, DurableCause.Remove, Call);

        Assert.NotNull(await TrySetAsync(_a, "new", version));
    }

    [Fact]
    public async Task What_memcache_saw_expire_can_be_created_though_the_durable_copy_still_has_its_slack()
    {
        var window = new EntryLifetime(EntryLifetime.Never, 60_000);
        await _a.SetAsync("old", window);
        _world.Time.Advance(TimeSpan.FromSeconds(65)); // past memcache's slack of 1/16, within Datastore's of 1/4
        Assert.Null(await _a.GetAsync());

        Assert.NotNull(await TrySetAsync(_b, "new", CacheVersion.Absent));

        Assert.Equal("new", await _a.GetAsync());
    }

    [Fact]
    public async Task A_marker_of_an_older_absence_does_not_hide_an_entry_that_was_written_past_memcache()
    {
        FlowProcess cutOff = _world.Start();
        Assert.Null(await _a.GetAsync()); // leaves an absent marker
        cutOff.Tier.Cut();
        await cutOff.SetAsync("v1");
        Assert.Null(await _a.GetAsync());

        Assert.Null(await TrySetAsync(_a, "v2", CacheVersion.Absent));

        Assert.Equal("v1", await _a.GetAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_entry_that_is_created_while_an_expired_one_is_looked_at_is_not_overwritten(bool before)
    {
        await _a.SetAsync("old", new EntryLifetime(_world.Now + 1000, 0));
        _world.Time.Advance(TimeSpan.FromSeconds(2));
        FakeStop stop = before ? _world.Durable.Script.StopBefore(LooksAtExpired) : _world.Durable.Script.StopAfter(LooksAtExpired);
        Task<CacheVersion?> late = TrySetAsync(_b, "late", CacheVersion.Absent).AsTask();
        await stop.ReachedAsync();
        await _a.SetAsync("other");
        stop.Release();

        Assert.Null(await late);
        Assert.Equal("other", await _b.GetAsync());
    }

    [Fact]
    public async Task A_removal_under_a_version_removes_that_version_only()
    {
        await _a.SetAsync("v1");
        CacheVersion first = (await ReadAsync(_a)).Version;
        await _b.SetAsync("v2");
        CacheVersion second = (await ReadAsync(_a)).Version;

        Assert.False(await _a.Flow.TryRemoveAsync(_world.Key, first, Call));
        Assert.Equal("v2", await _a.GetAsync());
        Assert.True(await _a.Flow.TryRemoveAsync(_world.Key, second, Call));
        Assert.Null(await _b.GetAsync());
        Assert.False(await _a.Flow.TryRemoveAsync(_world.Key, second, Call));
    }

    [Fact]
    public async Task A_slide_of_the_durable_copy_changes_the_version_and_reading_again_helps()
    {
        var window = new EntryLifetime(EntryLifetime.Never, 60_000);
        await _a.SetAsync("v1", window);
        CacheVersion version = (await ReadAsync(_a)).Version;
        _world.Time.Advance(TimeSpan.FromSeconds(30));
        await _b.RefreshAsync();

        Assert.Null(await TrySetAsync(_a, "v2", version, window));
        Assert.NotNull(await TrySetAsync(_a, "v2", (await ReadAsync(_a)).Version, window));
    }

    [Fact]
    public async Task A_conflict_without_a_lock_leaves_nothing_on_the_backlog()
    {
        await _a.SetAsync("v1");
        CacheVersion version = (await ReadAsync(_a)).Version;
        await _b.SetAsync("v2");
        _a.Tier.Cut();

        Assert.Null(await TrySetAsync(_a, "v3", version));
        Assert.Equal(0, _a.Count(Counter.BacklogAdded));
        Assert.NotNull(await TrySetAsync(_a, "v3", (await ReadAsync(_a)).Version));
        Assert.Equal(1, _a.Count(Counter.BacklogAdded));
    }

    [Fact]
    public async Task After_a_commit_that_failed_the_old_value_is_served_again_and_its_version_still_stands()
    {
        await _a.SetAsync("v1");
        CacheVersion version = (await ReadAsync(_a)).Version;
        _world.Durable.Script.Next(Commands.Commit, DurableFate.Unavailable);
        await Assert.ThrowsAsync<CascadeUnavailableException>(async () => await TrySetAsync(_a, "v2", version));
        _world.Durable.Script.ClearLog();

        Assert.Equal("v1", await _b.GetAsync());
        Assert.Empty(_world.Durable.Script.Log);
        Assert.NotNull(await TrySetAsync(_b, "v2", version));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_an_unknown_outcome_the_lock_stays_and_reading_again_tells(bool applied)
    {
        await _a.SetAsync("v1");
        CacheVersion version = (await ReadAsync(_a)).Version;
        _world.Durable.Script.Next(Commands.Commit, applied ? DurableFate.UnknownApplied : DurableFate.UnknownNotApplied);

        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(async () => await TrySetAsync(_a, "v2", version));

        Assert.Equal(EntryKind.Lock, _world.StoredKind);
        (string? value, CacheVersion now) = await ReadAsync(_b);
        Assert.Equal(applied ? "v2" : "v1", value);
        Assert.NotNull(await TrySetAsync(_b, "v3", now));
        Assert.Equal("v3", await _a.GetAsync());
    }

    [Fact]
    public async Task A_cancelled_conditional_write_is_cancelled_and_changes_nothing()
    {
        await _a.SetAsync("v1");
        CacheVersion version = (await ReadAsync(_a)).Version;
        CallContext cancelled = CallContext.Async(new CancellationToken(canceled: true));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _a.Flow.TrySetAsync(_world.Key, "v2"u8.ToArray(), _a.Hour, version, cancelled));

        Assert.Equal("v1", await _b.GetAsync());
        Assert.NotNull(await TrySetAsync(_b, "v3", version));
    }

    [Fact]
    public async Task A_value_that_is_too_large_is_refused_before_anything_is_touched()
    {
        _world.Durable.ValueLimit = 4;

        await Assert.ThrowsAsync<CascadeValueTooLargeException>(async () => await TrySetAsync(_a, "12345", CacheVersion.Absent));

        Assert.Empty(_a.Tier.Script.Log);
    }

    private static bool LooksAtExpired(DurableCommand c) => c is { Kind: DurableCommandKind.Read, Cause: DurableCause.Set };

    private static async Task<(string? Value, CacheVersion Version)> ReadAsync(FlowProcess process, CacheKey key)
    {
        using FoundValue found = await process.Flow.GetAsync(key, Call);
        await process.Background.WhenIdleAsync();
        return (found.Exists ? Encoding.UTF8.GetString(found.Payload.Span) : null, found.Version);
    }

    private Task<(string? Value, CacheVersion Version)> ReadAsync(FlowProcess process) => ReadAsync(process, _world.Key);

    private ValueTask<CacheVersion?> TrySetAsync(FlowProcess process, string value, CacheVersion expected, EntryLifetime? lifetime = null) =>
        process.Flow.TrySetAsync(_world.Key, Encoding.UTF8.GetBytes(value), lifetime ?? process.Hour, expected, Call);
}
