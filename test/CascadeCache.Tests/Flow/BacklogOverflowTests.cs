using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;
using Xunit;

namespace CascadeCache.Tests.Flow;

/// <summary>More keys than a backlog remembers: here no more than three.</summary>
public sealed class BacklogOverflowTests : IAsyncDisposable
{
    private const int Capacity = 3;

    private readonly FlowFixture _world = new();
    private readonly FlowProcess _a;
    private readonly FlowProcess _b;

    public BacklogOverflowTests()
    {
        _a = _world.Start(new FlowSettings(new CascadeCacheOptions(), _world.Durable.WriteDeadline) { BacklogCapacity = Capacity });
        _b = _world.Start();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task More_keys_than_can_be_remembered_outdate_all_that_the_server_holds()
    {
        await OverflowAsync();
        Assert.Equal(1, _a.Count(Counter.BacklogOverflows));
        Assert.Equal(1, _a.Log.Count(7));

        // The key is forgotten, and its old copy is still there: whoever reads it next replaces it.
        _a.Tier.Heal();
        await _a.Background.WhenIdleAsync();
        Assert.Equal("v1", await _b.GetAsync());
        await _a.RefreshAsync();
        Assert.Equal("v2", await _b.GetAsync());
        Assert.Equal(0, _a.Count(Counter.MemcacheHits));
    }

    [Fact]
    public async Task As_many_keys_as_can_be_remembered_are_and_one_more_takes_all_of_them_along()
    {
        _a.Tier.Cut();
        await SetOthersAsync(Capacity);
        await SetOthersAsync(Capacity); // the same ones again
        Assert.Equal((0, Capacity), (_a.Count(Counter.BacklogOverflows), Backlog.Count));

        await _a.SetAsync("v1", Long);
        Assert.Equal((1, 0), (_a.Count(Counter.BacklogOverflows), Backlog.Count));

        await SetOthersAsync(Capacity);
        Assert.Equal((1, Capacity), (_a.Count(Counter.BacklogOverflows), Backlog.Count));
    }

    [Fact]
    public async Task Copies_are_believed_again_that_were_made_after_all_that_was_forgotten()
    {
        await OverflowAsync();
        _a.Tier.Heal();
        await _a.Background.WhenIdleAsync();

        // A fill that began to read before the last forgotten write may still be under way.
        _world.Time.Advance(_a.Settings.LockTime - TimeSpan.FromSeconds(1));
        await _a.SetAsync("v3", Long);
        Assert.Equal("v3", await _a.GetAsync());
        Assert.Equal(0, _a.Count(Counter.MemcacheHits));

        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _a.SetAsync("v4", Long);
        Assert.Equal("v4", await _a.GetAsync());
        Assert.Equal(1, _a.Count(Counter.MemcacheHits));
    }

    [Fact]
    public async Task When_all_older_copies_have_ended_an_overflow_is_over()
    {
        await OverflowAsync();
        _a.Tier.Heal();
        await _a.Background.WhenIdleAsync();
        Assert.False(Backlog.IsEmpty);

        _world.Time.Advance(_a.Settings.LockTime + _a.Settings.MaxStaleness);
        await _a.GetAsync();

        Assert.True(Backlog.IsEmpty);
    }

    [Fact]
    public async Task Of_several_overflows_the_last_one_counts()
    {
        await OverflowAsync();
        await AdvanceAsync();
        long last = _world.Now;
        Add(_a.Tier, Capacity + 1);
        await AdvanceAsync();

        Assert.Equal(last + Milliseconds(_a.Settings.LockTime + _a.Settings.MaxStaleness), Backlog.BelievedFrom(_a.Tier));
    }

    [Fact]
    public async Task An_overflow_outdates_nothing_that_another_server_holds()
    {
        await using var other = new FakeVolatileTier(_world.Server);
        Add(_a.Tier, Capacity + 1);

        Assert.NotEqual(long.MinValue, Backlog.BelievedFrom(_a.Tier));
        Assert.Equal(long.MinValue, Backlog.BelievedFrom(other));
    }

    [Fact]
    public async Task An_overflow_where_the_servers_were_not_known_outdates_all_of_them()
    {
        await _a.SetAsync("v1", Long);

        Add(new UndiscoveredServer("discovery:11211", static () => null), Capacity + 1);

        Assert.Equal(1, _a.Count(Counter.BacklogOverflows));
        Assert.NotEqual(long.MinValue, Backlog.BelievedFrom(_a.Tier));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_a_server_that_overflowed_itself_and_of_unknown_ones_the_later_overflow_counts(bool itselfLast)
    {
        var nobody = new UndiscoveredServer("discovery:11211", static () => null);
        IVolatileServer later = itselfLast ? _a.Tier : nobody;
        Add(later, Capacity + 1);
        await AdvanceAsync();
        Add(itselfLast ? nobody : _a.Tier, Capacity + 1);
        await AdvanceAsync();
        Add(later, Capacity + 1);

        Assert.Equal(_world.Now + Milliseconds(_a.Settings.LockTime + _a.Settings.MaxStaleness), Backlog.BelievedFrom(_a.Tier));
    }

    [Fact]
    public void By_default_a_hundred_thousand_keys_of_a_server_are_remembered()
    {
        Backlog backlog = ((CascadeFlow)_b.Flow).Backlog;
        for (int i = 0; i < 100_000; i++)
        {
            backlog.Add(_b.Tier, new CacheKey($"other-{i}"), 1);
        }

        Assert.Equal((0, 100_000), (_b.Count(Counter.BacklogOverflows), backlog.Count));

        backlog.Add(_b.Tier, _world.Key, 1);
        Assert.Equal((1, 0), (_b.Count(Counter.BacklogOverflows), backlog.Count));
    }

    private EntryLifetime Long => new(_world.Now + 10_000_000, 0);

    private Backlog Backlog => ((CascadeFlow)_a.Flow).Backlog;

    private static long Milliseconds(TimeSpan span) => (long)span.TotalMilliseconds;

    private async Task AdvanceAsync()
    {
        _world.Time.Advance(TimeSpan.FromSeconds(5));
        await _a.Background.WhenIdleAsync();
    }

    private void Add(IVolatileServer server, int keys)
    {
        for (int i = 0; i < keys; i++)
        {
            Backlog.Add(server, new CacheKey($"other-{i}"), 1);
        }
    }

    private async Task SetOthersAsync(int keys)
    {
        for (int i = 0; i < keys; i++)
        {
            await _a.Flow.SetAsync(new CacheKey($"other-{i}"), "v"u8.ToArray(), Long, CallContext.Async(CancellationToken.None));
        }
    }

    // The key of the world is forgotten with the others; memcached still holds the first value.
    private async Task OverflowAsync()
    {
        await _a.SetAsync("v1", Long);
        _a.Tier.Cut();
        await _a.SetAsync("v2", Long);
        await SetOthersAsync(Capacity);
    }
}
