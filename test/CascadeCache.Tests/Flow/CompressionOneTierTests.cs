using System.Security.Cryptography;
using System.Text;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Values;

namespace CascadeCache.Tests.Flow;

/// <summary>Compression with memcached alone and with Datastore alone.</summary>
public sealed class CompressionOneTierTests : IAsyncDisposable
{
    private static readonly string Long = new('a', 1000);
    private static readonly EntryLifetime Window = new(EntryLifetime.Never, 16 * 60_000);

    private readonly FlowFixture _world = new();

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        Assert.Equal(0, _world.Pool.Open);
    }

    [Theory]
    [InlineData(CascadeBackends.Memcache)]
    [InlineData(CascadeBackends.Datastore)]
    public async Task Values_come_back_whoever_reads_them(CascadeBackends backends)
    {
        (FlowProcess writer, FlowProcess reader) = Start(backends);
        await writer.SetAsync(Long);
        Assert.Equal((Long, Long), (await writer.GetAsync(), await reader.GetAsync()));
        Assert.Equal(3, _world.Pool.Rents);

        await reader.SetAsync(Long + "b");
        Assert.Equal(Long + "b", await writer.GetAsync());
        Assert.Equal(3, _world.Pool.Rents);

        CacheVersion version;
        using (FoundValue found = await writer.Flow.GetAsync(_world.Key, Call))
        {
            version = found.Version;
        }

        Assert.NotNull(await TrySetAsync(writer, version));
        Assert.Null(await TrySetAsync(writer, CacheVersion.Absent));
        Assert.Equal(Long, await reader.GetAsync());
        Assert.Equal((0, 0), (writer.Tier.OpenReads, reader.Tier.OpenReads));
    }

    [Theory]
    [InlineData(CascadeBackends.Memcache)]
    [InlineData(CascadeBackends.Datastore)]
    public async Task A_slide_moves_the_stored_bytes_and_decodes_nothing(CascadeBackends backends)
    {
        (FlowProcess writer, FlowProcess reader) = Start(backends);
        await writer.SetAsync(Long, Window);
        _world.Time.Advance(TimeSpan.FromMinutes(6));
        await reader.RefreshAsync();

        Assert.Equal(1, reader.Count(Counter.MemcacheSlides) + _world.Durable.Script.Log.Count(Commands.Extend));
        Assert.Equal(1, _world.Pool.Rents);
        Assert.Equal(Long, await reader.GetAsync());
    }

    [Theory]
    [InlineData(CascadeBackends.Memcache)]
    [InlineData(CascadeBackends.Datastore)]
    public async Task The_limit_is_for_what_is_stored(CascadeBackends backends)
    {
        FlowProcess writer = _world.Start(static o => (o.CompressionThresholdBytes, o.MaxValueBytes) = (100, 99), backends);
        await writer.SetAsync(Long);
        Assert.Equal(Long, await writer.GetAsync());

        // Some of it shrinks, and the stored size is told, not the value's.
        string value = Long + Long + Convert.ToHexString(SHA512.HashData("noise"u8)) + Convert.ToHexString(SHA512.HashData("more"u8));
        var error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => writer.SetAsync(value));
        Assert.Equal(99, error.Limit);
        Assert.InRange(error.Size, 100, 1000);
        Assert.Equal(0, _world.Pool.Open);
    }

    [Fact]
    public async Task In_memcached_alone_what_cannot_be_decoded_is_counted_missing_and_replaced()
    {
        (FlowProcess writer, FlowProcess reader) = Start(CascadeBackends.Memcache);
        ForgedCopy.Plant(_world, [1, 2, 3], version: 0);

        Assert.Null(await reader.GetAsync());
        Assert.Equal((1, 1, 0), (reader.Count(Counter.RejectedPayloads), reader.Count(Counter.MemcacheMisses), reader.Count(Counter.MemcacheHits)));

        // There is no entry for a reader, so one can be created.
        Assert.NotNull(await TrySetAsync(writer, CacheVersion.Absent));
        Assert.Equal(Long, await reader.GetAsync());
        Assert.Equal((0, 0), (writer.Tier.OpenReads, reader.Tier.OpenReads));
    }

    [Fact]
    public async Task In_Datastore_alone_what_cannot_be_decoded_is_an_exception()
    {
        (_, FlowProcess reader) = Start(CascadeBackends.Datastore);
        _world.Durable.Plant(_world.Key, new DurableValue(new byte[] { 1, 2, 3, 4, 5 }.ToSequence(), reader.Hour, reader.Hour.AbsoluteAt, ValueEncoding.Brotli), version: 1000);

        await Assert.ThrowsAsync<CascadeRejectedException>(() => reader.GetAsync());
        await reader.SetAsync("b");
        Assert.Equal("b", await reader.GetAsync());
    }

    private static CallContext Call => CallContext.Async(CancellationToken.None);

    private Task<CacheVersion?> TrySetAsync(FlowProcess process, CacheVersion expected) =>
        process.Flow.TrySetAsync(_world.Key, Encoding.UTF8.GetBytes(Long), process.Hour, expected, Call).AsTask();

    private (FlowProcess Writer, FlowProcess Reader) Start(CascadeBackends backends) =>
        (_world.Start(static o => o.CompressionThresholdBytes = 100, backends), _world.Start(backends: backends));
}
