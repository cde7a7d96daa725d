using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;
using Xunit;

namespace CascadeCache.Tests.Flow;

/// <summary>More keys than a backlog remembers.</summary>
public sealed class BacklogOverflowTests : IAsyncDisposable
{
    private readonly FlowFixture _world = new();
    private readonly FlowProcess _a;
    private readonly FlowProcess _b;

    public BacklogOverflowTests()
    {
        _a = _world.Start();
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
        Assert.False(((CascadeFlow)_a.Flow).Backlog.IsEmpty);

        _world.Time.Advance(_a.Settings.LockTime + _a.Settings.MaxStaleness);
        await _a.GetAsync();

        Assert.True(((CascadeFlow)_a.Flow).Backlog.IsEmpty);
    }

    [Fact]
    public async Task An_overflow_where_the_servers_were_not_known_outdates_all_of_them()
    {
        await _a.SetAsync("v1", Long);
        var nobody = new UndiscoveredServer("discovery:11211", static () => null);
        Backlog backlog = ((CascadeFlow)_a.Flow).Backlog;
        for (int i = 0; i <= 100_000; i++)
        {
            backlog.Add(nobody, new CacheKey($"other-{i}"), 1);
        }

        Assert.Equal(1, _a.Count(Counter.BacklogOverflows));
        Assert.NotEqual(long.MinValue, backlog.BelievedFrom(_a.Tier));
    }

    private EntryLifetime Long => new(_world.Now + 10_000_000, 0);

    // The key of the world is forgotten with the others; memcached still holds the first value.
    private async Task OverflowAsync()
    {
        await _a.SetAsync("v1", Long);
        _a.Tier.Cut();
        await _a.SetAsync("v2", Long);
        for (int i = 0; i < 100_000; i++)
        {
            await _a.Flow.SetAsync(new CacheKey($"other-{i}"), "v"u8.ToArray(), Long, CallContext.Async(CancellationToken.None));
        }
    }
}
