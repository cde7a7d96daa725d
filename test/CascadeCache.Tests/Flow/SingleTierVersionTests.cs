using System.Text;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.Tests.Flow;

/// <summary>Conditional writes where a single tier has to decide: memcached alone by its compare-and-set, Datastore alone by its versions.</summary>
public sealed class SingleTierVersionTests : IAsyncDisposable
{
    private readonly FlowFixture _world = new();

    private static CallContext Call => CallContext.Async(CancellationToken.None);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_version_stands_until_the_next_write_and_each_write_is_counted()
    {
        FlowProcess process = Start();
        CacheVersion first = (await TrySetAsync(process, "v1", CacheVersion.Absent))!.Value;
        Assert.Equal(("v1", first), await ReadAsync(process));

        CacheVersion second = (await TrySetAsync(process, "v2", first))!.Value;

        Assert.NotEqual(first, second);
        Assert.Null(await TrySetAsync(process, "late", first));
        Assert.Equal(("v2", second), await ReadAsync(process));
        Assert.Equal(2, process.Count(Counter.MemcachePublishes));
        Assert.Equal(0, process.Tier.OpenReads);
    }

    [Fact]
    public async Task An_entry_is_created_where_there_is_none_or_an_expired_one()
    {
        FlowProcess process = Start();
        await process.SetAsync("old", new EntryLifetime(_world.Now + 1000, 0));
        Assert.Null(await TrySetAsync(process, "new", CacheVersion.Absent));
        _world.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.NotNull(await TrySetAsync(process, "new", CacheVersion.Absent));

        Assert.Equal("new", await process.GetAsync());
        Assert.Equal(0, process.Tier.OpenReads);
    }

    [Fact]
    public async Task A_removal_needs_the_version_that_stands()
    {
        FlowProcess process = Start();
        CacheVersion first = (await TrySetAsync(process, "v1", CacheVersion.Absent))!.Value;
        CacheVersion second = (await TrySetAsync(process, "v2", first))!.Value;

        Assert.False(await process.Flow.TryRemoveAsync(_world.Key, first, Call));
        Assert.Equal("v2", await process.GetAsync());
        Assert.True(await process.Flow.TryRemoveAsync(_world.Key, second, Call));
        Assert.Null(await process.GetAsync());
        Assert.False(await process.Flow.TryRemoveAsync(_world.Key, second, Call));
        Assert.Null(await TrySetAsync(process, "v3", second));
    }

    [Fact]
    public async Task A_version_dies_with_its_connection()
    {
        FlowProcess process = Start();
        CacheVersion version = (await TrySetAsync(process, "v1", CacheVersion.Absent))!.Value;
        process.Tier.Cut();
        process.Tier.Heal();

        Assert.Null(await TrySetAsync(process, "v2", version));
        Assert.NotNull(await TrySetAsync(process, "v2", (await ReadAsync(process)).Version));
    }

    [Fact]
    public async Task A_write_without_an_answer_may_have_been_made_and_a_refused_one_was_not()
    {
        FlowProcess process = Start();
        CacheVersion version = (await TrySetAsync(process, "v1", CacheVersion.Absent))!.Value;
        process.Tier.Script.Next(Commands.Store, VolatileFate.NoMemory);
        var refused = await Assert.ThrowsAsync<CascadeUnavailableException>(async () => await TrySetAsync(process, "v2", version));
        process.Tier.Script.Next(Commands.Store, VolatileFate.ReplyLost);

        var unknown = await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(async () => await TrySetAsync(process, "v2", version));

        Assert.Contains("fake:11211", refused.Message, StringComparison.Ordinal);
        Assert.Contains("fake:11211", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_memory_for_a_placeholder_is_an_exception_and_no_entry()
    {
        FlowProcess process = Start();
        process.Tier.Script.Next(Commands.Look, VolatileFate.NoMemory);

        await Assert.ThrowsAsync<CascadeUnavailableException>(async () => await TrySetAsync(process, "v1", CacheVersion.Absent));
    }

    [Fact]
    public async Task Datastore_alone_tells_of_an_expired_entry_what_is_stored_and_of_a_missing_one_nothing()
    {
        FlowProcess process = Start(CascadeBackends.Datastore);
        Assert.Equal((null, CacheVersion.Absent), await ReadAsync(process));
        await process.SetAsync("old", new EntryLifetime(_world.Now + 1000, 0));
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        (string? value, CacheVersion version) = await ReadAsync(process);
        _world.Durable.Script.ClearLog();

        Assert.NotNull(await TrySetAsync(process, "new", version));

        Assert.Null(value);
        Assert.False(version.Exists);
        Assert.True(Commands.Commit(Assert.Single(_world.Durable.Script.Log)));
    }

    private FlowProcess Start(CascadeBackends backends = CascadeBackends.Memcache) => _world.Start(backends: backends);

    private async Task<(string? Value, CacheVersion Version)> ReadAsync(FlowProcess process)
    {
        using FoundValue found = await process.Flow.GetAsync(_world.Key, Call);
        return (found.Exists ? Encoding.UTF8.GetString(found.Payload.Span) : null, found.Version);
    }

    private ValueTask<CacheVersion?> TrySetAsync(FlowProcess process, string value, CacheVersion expected) =>
        process.Flow.TrySetAsync(_world.Key, Encoding.UTF8.GetBytes(value), process.Hour, expected, Call);
}
