using CascadeCache.Entries;
using CascadeCache.TestKit.Fakes;
using Xunit;

namespace CascadeCache.Tests.Flow;

public sealed class ModeTests : IAsyncDisposable
{
    private static readonly EntryLifetime Window = new(EntryLifetime.Never, 16 * 60_000);

    private readonly FlowFixture _world = new();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Memcached_alone_uses_no_locks_and_no_store()
    {
        FlowProcess process = _world.Start(backends: CascadeBackends.Memcache);
        Assert.Null(await process.GetAsync());
        await process.SetAsync("v1");
        Assert.Equal("v1", await process.GetAsync());
        await process.RemoveAsync();
        await process.RemoveAsync();
        Assert.Null(await process.GetAsync());

        Assert.DoesNotContain(process.Tier.Script.Log, Commands.Take);
        Assert.Empty(_world.Durable.Script.Log);
        Assert.Equal(0, process.Tier.OpenReads);
    }

    [Fact]
    public async Task Memcached_alone_slides_when_due()
    {
        FlowProcess process = _world.Start(backends: CascadeBackends.Memcache);
        await process.SetAsync("v1", Window);
        for (int minute = 0; minute < 60; minute++)
        {
            _world.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal("v1", await process.GetAsync());
        }

        _world.Time.Advance(TimeSpan.FromMinutes(17));
        Assert.Null(await process.GetAsync());
    }

    [Fact]
    public async Task Memcached_alone_and_cut_off_is_an_exception_and_never_a_missing_value()
    {
        FlowProcess process = _world.Start(backends: CascadeBackends.Memcache);
        process.Tier.Cut();

        await Assert.ThrowsAsync<CascadeUnavailableException>(() => process.GetAsync());
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => process.SetAsync("v1"));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => process.RefreshAsync());
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => process.RemoveAsync());
    }

    [Fact]
    public async Task Memcached_alone_refuses_what_it_cannot_hold()
    {
        FlowProcess process = _world.Start(backends: CascadeBackends.Memcache);
        _world.Server.ItemLimit = EntryFormat.HeaderSize + 2;

        await process.SetAsync("v1");
        await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => process.SetAsync("v12"));

        Assert.Equal("v1", await process.GetAsync());
    }

    [Fact]
    public async Task The_store_alone_never_touches_memcached()
    {
        FlowProcess process = _world.Start(backends: CascadeBackends.Datastore);
        await process.SetAsync("v1", Window);
        for (int minute = 0; minute < 60; minute++)
        {
            _world.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal("v1", await process.GetAsync());
        }

        Assert.InRange(_world.Durable.Script.Log.Count(Commands.Extend), 10, 16);
        _world.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Null(await process.GetAsync());
        await process.RemoveAsync();
        Assert.Empty(process.Tier.Script.Log);
    }
}
