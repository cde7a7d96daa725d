using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>The request tier alone, as it comes from the container: entries live for one request, and outside of one there is no cache.</summary>
public sealed class RequestOnlyTests : IAsyncDisposable
{
    private readonly HttpContextAccessor _accessor = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly ServiceProvider _provider;
    private readonly IDistributedCache _cache;

    public RequestOnlyTests()
    {
        _provider = new ServiceCollection()
            .AddSingleton<TimeProvider>(_time)
            .AddCascadeRequestLayer(static options => options.KeyPrefixes.Add("nothing that is asked for here"))
            .AddCascadeDistributedCache(static options => options.Backends = CascadeBackends.Request)
            .BuildServiceProvider();
        _cache = _provider.GetRequiredService<IDistributedCache>();
    }

    private static DistributedCacheEntryOptions Options => LayerRig.Options;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IBufferDistributedCache Buffers => (IBufferDistributedCache)_cache;

    private IVersionedDistributedCache Versions => (IVersionedDistributedCache)_cache;

    [Fact]
    public async Task Values_live_for_the_length_of_a_request()
    {
        _accessor.HttpContext = new DefaultHttpContext();
        Assert.Null(await _cache.GetAsync("k", Token));
        await _cache.SetAsync("k", [1], Options, Token);
        Assert.Equal([1], _cache.Get("k"));
        _cache.Set("k", [2], Options);
        Assert.Equal([2], await _cache.GetAsync("k", Token));
        await _cache.RefreshAsync("k", Token);
        _cache.Refresh("k");
        await _cache.RemoveAsync("k", Token);
        Assert.Null(_cache.Get("k"));
        _cache.Set("k", [3], Options);
        _cache.Remove("k");
        Assert.Null(_cache.Get("k"));

        _cache.Set("k", [4], Options);
        _accessor.HttpContext = new DefaultHttpContext();
        Assert.Null(_cache.Get("k"));
    }

    [Fact]
    public async Task Buffers_are_read_and_written()
    {
        _accessor.HttpContext = new DefaultHttpContext();
        byte[] rented = [1, 2];
        Buffers.Set("k", new ReadOnlySequence<byte>(rented), Options);
        rented[0] = 9;
        var destination = new ArrayBufferWriter<byte>();
        Assert.True(Buffers.TryGet("k", destination));
        Assert.Equal([1, 2], destination.WrittenSpan.ToArray());

        await Buffers.SetAsync("k", new ReadOnlySequence<byte>([3]), Options, Token);
        destination.Clear();
        Assert.True(await Buffers.TryGetAsync("k", destination, Token));
        Assert.Equal([3], destination.WrittenSpan.ToArray());
        Assert.False(Buffers.TryGet("other", destination));
        Assert.False(await Buffers.TryGetAsync("other", destination, Token));
    }

    [Fact]
    public async Task No_caller_can_change_an_entry()
    {
        _accessor.HttpContext = new DefaultHttpContext();
        byte[] given = [1];
        _cache.Set("k", given, Options);
        given[0] = 9;
        _cache.Get("k")![0] = 9;
        (await Versions.GetVersionedAsync("k", Token)).Value![0] = 9;
        Assert.Equal([1], _cache.Get("k"));

        given = [2];
        Assert.NotNull(Versions.TrySet("k", given, Versions.GetVersioned("k").Version, Options));
        given[0] = 9;
        Assert.Equal([2], _cache.Get("k"));
    }

    [Fact]
    public async Task Versions_stand_until_the_next_write_and_never_beyond_their_request()
    {
        _accessor.HttpContext = new DefaultHttpContext();
        Assert.Equal(new VersionedValue(null, CacheVersion.Absent), Versions.GetVersioned("k"));
        CacheVersion first = Versions.TrySet("k", [1], CacheVersion.Absent, Options)!.Value;
        Assert.Null(Versions.TrySet("k", [2], CacheVersion.Absent, Options));
        Assert.Equal(first, (await Versions.GetVersionedAsync("k", Token)).Version);
        CacheVersion second = (await Versions.TrySetAsync("k", [1], first, Options, Token))!.Value;
        Assert.NotEqual(first, second);
        Assert.Null(await Versions.TrySetAsync("k", [3], first, Options, Token));
        Assert.False(await Versions.TryRemoveAsync("k", first, Token));
        Assert.True(Versions.TryRemove("k", second));
        Assert.True(await Versions.TryRemoveAsync("k", CacheVersion.Absent, Token));
        Assert.False(Versions.TryRemove("k", second));

        // The first write of a request does not make the version of an earlier request's first write.
        _accessor.HttpContext = new DefaultHttpContext();
        _cache.Set("k", [4], Options);
        Assert.Null(Versions.TrySet("k", [5], first, Options));
        Assert.Equal([4], _cache.Get("k"));
    }

    [Fact]
    public async Task Of_many_writers_with_one_version_one_succeeds()
    {
        _accessor.HttpContext = new DefaultHttpContext();
        CacheVersion?[] made = await Task.WhenAll(Enumerable.Range(0, 16).Select(i =>
            Task.Run(() => Versions.TrySet("k", [(byte)i], CacheVersion.Absent, Options))));

        CacheVersion? winner = Assert.Single(made, static version => version is not null);
        Assert.Equal(winner, Versions.GetVersioned("k").Version);
        Assert.Equal([(byte)Array.IndexOf(made, winner)], _cache.Get("k")!);
    }

    [Fact]
    public async Task Outside_of_a_request_every_call_says_that_there_is_no_tier()
    {
        Assert.Throws<CascadeUnavailableException>(() => _cache.Get("k"));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => _cache.GetAsync("k", Token));
        Assert.Throws<CascadeUnavailableException>(() => _cache.Set("k", [1], Options));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => _cache.SetAsync("k", [1], Options, Token));
        Assert.Throws<CascadeUnavailableException>(() => _cache.Remove("k"));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => _cache.RemoveAsync("k", Token));
        Assert.Throws<CascadeUnavailableException>(() => _cache.Refresh("k"));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => _cache.RefreshAsync("k", Token));
        Assert.Throws<CascadeUnavailableException>(() => Buffers.TryGet("k", new ArrayBufferWriter<byte>()));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => Buffers.TryGetAsync("k", new ArrayBufferWriter<byte>(), Token).AsTask());
        Assert.Throws<CascadeUnavailableException>(() => Buffers.Set("k", default, Options));
        Assert.Throws<CascadeUnavailableException>(() => Versions.GetVersioned("k"));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => Versions.GetVersionedAsync("k", Token).AsTask());
        Assert.Throws<CascadeUnavailableException>(() => Versions.TrySet("k", [1], default, Options));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => Versions.TrySetAsync("k", [1], default, Options, Token).AsTask());
        Assert.Throws<CascadeUnavailableException>(() => Versions.TryRemove("k", default));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => Versions.TryRemoveAsync("k", default, Token).AsTask());
        CascadeUnavailableException e = await Assert.ThrowsAsync<CascadeUnavailableException>(() => Buffers.SetAsync("k", default, Options, Token).AsTask());
        Assert.Contains("Request alone", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_tiers_refuse_is_refused_here_too()
    {
        _accessor.HttpContext = new DefaultHttpContext();
        var past = new DistributedCacheEntryOptions { AbsoluteExpiration = _time.GetUtcNow() };
        var future = new DistributedCacheEntryOptions { AbsoluteExpiration = _time.GetUtcNow().AddMilliseconds(1) };

        Assert.Throws<ArgumentOutOfRangeException>("options", () => _cache.Set("k", [1], past));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>("options", () => _cache.SetAsync("k", [1], past, Token));
        Assert.Throws<ArgumentOutOfRangeException>("options", () => Versions.TrySet("k", [1], default, past));
        Assert.Throws<ArgumentNullException>("options", () => _cache.Set("k", [1], null!));
        Assert.Throws<ArgumentNullException>("value", () => _cache.Set("k", null!, Options));
        Assert.Throws<ArgumentNullException>("key", () => _cache.Get(null!));
        Assert.Throws<ArgumentNullException>("destination", () => Buffers.TryGet("k", null!));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _cache.GetAsync("k", new CancellationToken(canceled: true)));
        Assert.Null(_cache.Get("k"));
        _cache.Set("k", [1], future);
        Assert.Equal([1], _cache.Get("k"));
    }

    public ValueTask DisposeAsync() => _provider.DisposeAsync();
}
