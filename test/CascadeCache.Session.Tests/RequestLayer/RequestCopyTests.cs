using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>What a request pays for and sees, call by call; both halves of every interface.</summary>
public sealed class RequestCopyTests
{
    private readonly LayerRig _rig = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_second_read_costs_nothing_by_whichever_way(bool isMissing)
    {
        string? expected = isMissing ? null : "v";
        if (!isMissing)
        {
            _rig.StoreElsewhere("v");
        }

        _rig.Begin();
        Assert.Equal(expected, await _rig.ReadAsync());
        Assert.Equal("GetAsync", _rig.Below.TakeCalls());
        Assert.Equal(expected, await _rig.ReadAsync());
        Assert.Equal(expected, LayerRig.Text(_rig.Layer.Get("k")));
        Assert.Equal(expected, await _rig.ReadBufferAsync());
        Assert.Equal(expected, _rig.ReadBuffer());
        Assert.Equal("", _rig.Below.TakeCalls());
    }

    [Fact]
    public async Task Whichever_way_reads_first_leaves_the_copy()
    {
        _rig.StoreElsewhere("v");
        Func<Task<string?>>[] ways =
        [
            () => _rig.ReadAsync(),
            () => Task.FromResult(LayerRig.Text(_rig.Layer.Get("k"))),
            () => _rig.ReadBufferAsync(),
            () => Task.FromResult(_rig.ReadBuffer()),
            async () => LayerRig.Text((await _rig.Layer.GetVersionedAsync("k", LayerRig.Token)).Value),
            () => Task.FromResult(LayerRig.Text(_rig.Layer.GetVersioned("k").Value)),
        ];
        foreach (Func<Task<string?>> way in ways)
        {
            _rig.Begin();
            Assert.Equal("v", await way());
            _rig.StoreElsewhere("v");
            _rig.Below.TakeCalls();
            Assert.Equal("v", await _rig.ReadAsync());
            Assert.Equal("", _rig.Below.TakeCalls());
        }
    }

    [Fact]
    public async Task A_write_is_stored_and_updates_the_copy_by_whichever_way()
    {
        _rig.Begin();
        Assert.Null(await _rig.ReadAsync());
        CacheVersion version = CacheVersion.Absent;
        (string Value, string Call, Func<byte[], Task> Write)[] ways =
        [
            ("a", "SetAsync", value => _rig.Layer.SetAsync("k", value, LayerRig.Options, LayerRig.Token)),
            ("b", "Set", value => Run(() => _rig.Layer.Set("k", value, LayerRig.Options))),
            ("c", "SetAsync", value => _rig.Buffers.SetAsync("k", new ReadOnlySequence<byte>(value), LayerRig.Options, LayerRig.Token).AsTask()),
            ("d", "Set", value => Run(() => _rig.Buffers.Set("k", new ReadOnlySequence<byte>(value), LayerRig.Options))),
            ("e", "GetVersionedAsync TrySetAsync", async value => version = (await _rig.Layer.TrySetAsync("k", value, await VersionAsync(), LayerRig.Options, LayerRig.Token))!.Value),
            ("f", "TrySet", value => Run(() => Assert.NotNull(_rig.Layer.TrySet("k", value, version, LayerRig.Options)))),
        ];
        _rig.Below.TakeCalls();
        foreach ((string value, string call, Func<byte[], Task> write) in ways)
        {
            await write(LayerRig.Bytes(value));
            Assert.Equal((value, call), (await _rig.ReadAsync(), _rig.Below.TakeCalls()));
            Assert.Equal(value, _rig.Stored());
        }
    }

    [Fact]
    public async Task A_removal_removes_it_by_whichever_way()
    {
        _rig.Begin();
        (string Call, Func<Task> Remove)[] ways =
        [
            ("RemoveAsync", () => _rig.Layer.RemoveAsync("k", LayerRig.Token)),
            ("Remove", () => Run(() => _rig.Layer.Remove("k"))),
            ("GetVersionedAsync TryRemoveAsync", async () => Assert.True(await _rig.Layer.TryRemoveAsync("k", await VersionAsync(), LayerRig.Token))),
            ("GetVersioned TryRemove", () => Run(() => Assert.True(_rig.Layer.TryRemove("k", _rig.Layer.GetVersioned("k").Version)))),
        ];
        foreach ((string call, Func<Task> remove) in ways)
        {
            await _rig.WriteAsync("v");
            _rig.Below.TakeCalls();
            await remove();
            Assert.Equal((null, call), (await _rig.ReadAsync(), _rig.Below.TakeCalls()));
            Assert.Null(_rig.Stored());
        }
    }

    [Fact]
    public async Task What_another_server_does_is_seen_in_the_next_request_or_with_a_version()
    {
        _rig.StoreElsewhere("old");
        _rig.Begin();
        Assert.Equal("old", await _rig.ReadAsync());
        _rig.StoreElsewhere("new");
        Assert.Equal("old", await _rig.ReadAsync());
        Assert.Equal("new", LayerRig.Text((await _rig.Layer.GetVersionedAsync("k", LayerRig.Token)).Value));
        Assert.Equal("new", await _rig.ReadAsync());

        _rig.StoreElsewhere("newest");
        _rig.Begin();
        Assert.Equal("newest", await _rig.ReadAsync());
    }

    [Fact]
    public async Task Refresh_passes_through_every_time()
    {
        _rig.Begin();
        await _rig.WriteAsync("v");
        _rig.Below.TakeCalls();
        await _rig.Layer.RefreshAsync("k", LayerRig.Token);
        _rig.Layer.Refresh("k");
        await _rig.Layer.RefreshAsync("k", LayerRig.Token);

        Assert.Equal("RefreshAsync Refresh RefreshAsync", _rig.Below.TakeCalls());
    }

    [Theory]
    [InlineData("cart.1", true)]
    [InlineData("page.1", true)]
    [InlineData("odd", true)]
    [InlineData("Cart.1", false)]
    [InlineData("a.cart.1", false)]
    [InlineData("", false)]
    public async Task Only_keys_that_are_selected_have_copies(string key, bool isSelected)
    {
        var rig = new LayerRig(configure: static options =>
        {
            options.KeyPrefixes.Add("cart.");
            options.KeyPrefixes.Add("page.");
            options.Includes = static key => key == "odd";
        });
        rig.Begin();
        await rig.ReadAsync(key);
        await rig.ReadAsync(key);
        await rig.WriteAsync("v", key);
        await rig.ReadAsync(key);
        await rig.Layer.RemoveAsync(key, LayerRig.Token);
        await rig.ReadAsync(key);

        Assert.Equal(isSelected ? "GetAsync SetAsync RemoveAsync" : "GetAsync GetAsync SetAsync GetAsync RemoveAsync GetAsync", rig.Below.TakeCalls());
    }

    [Fact]
    public async Task A_key_that_is_not_selected_keeps_its_way_through_buffers_and_versions()
    {
        var rig = new LayerRig(configure: static options => options.KeyPrefixes.Add("other"));
        rig.Begin();
        var value = new ReadOnlySequence<byte>([1]);
        await rig.Buffers.SetAsync("k", value, LayerRig.Options, LayerRig.Token);
        rig.Buffers.Set("k", value, LayerRig.Options);
        Assert.Equal("\u0001", await rig.ReadBufferAsync());
        Assert.Equal("\u0001", rig.ReadBuffer());
        CacheVersion version = rig.Layer.GetVersioned("k").Version;
        version = (await rig.Layer.TrySetAsync("k", [2], version, LayerRig.Options, LayerRig.Token))!.Value;
        version = rig.Layer.TrySet("k", [3], version, LayerRig.Options)!.Value;
        Assert.True(await rig.Layer.TryRemoveAsync("k", version, LayerRig.Token));
        Assert.False(rig.Layer.TryRemove("k", version));
        await rig.Layer.GetVersionedAsync("k", LayerRig.Token);
        rig.Layer.Set("k", [4], LayerRig.Options);
        rig.Layer.Get("k");
        rig.Layer.Remove("k");

        Assert.Equal("SetBufferAsync SetBuffer TryGetAsync TryGet GetVersioned TrySetAsync TrySet TryRemoveAsync TryRemove GetVersionedAsync Set Get Remove", rig.Below.TakeCalls());
    }

    [Fact]
    public async Task Parallel_reads_of_one_request_agree_and_ask_at_most_once_each()
    {
        _rig.StoreElsewhere("v");
        _rig.Begin();
        string?[] seen = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => Task.Run(async () =>
        {
            await _rig.WriteAsync($"{i}", $"own-{i}");
            Assert.Equal($"{i}", await _rig.ReadAsync($"own-{i}"));
            return await _rig.ReadAsync();
        })));

        Assert.All(seen, static value => Assert.Equal("v", value));
        Assert.InRange(_rig.Below.TakeCalls().Split(' ').Count(static call => call == "GetAsync"), 1, 32);
        Assert.Equal("v", await _rig.ReadAsync());
        Assert.Equal("", _rig.Below.TakeCalls());
    }

    [Fact]
    public async Task A_read_that_fails_leaves_nothing()
    {
        _rig.StoreElsewhere("v");
        _rig.Begin();
        _rig.Below.HoldNext("GetAsync").FailBefore(new CascadeUnavailableException("Down."));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => _rig.ReadAsync());
        Assert.Equal("v", await _rig.ReadAsync());

        _rig.Below.HoldNext("GetVersionedAsync").FailBefore(new CascadeUnavailableException("Down."));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => _rig.Layer.GetVersionedAsync("k", LayerRig.Token).AsTask());
        Assert.Equal("v", await _rig.ReadAsync());
    }

    [Fact]
    public async Task A_cancelled_token_ends_a_read_even_of_a_copy()
    {
        _rig.Begin();
        await _rig.ReadAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _rig.Layer.GetAsync("k", new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Null_is_refused_by_name()
    {
        _rig.Begin();
        IDistributedCache layer = _rig.Layer;

        await Assert.ThrowsAsync<ArgumentNullException>("key", () => layer.GetAsync(null!, LayerRig.Token));
        Assert.Throws<ArgumentNullException>("key", () => layer.Get(null!));
        await Assert.ThrowsAsync<ArgumentNullException>("key", () => layer.SetAsync(null!, [], LayerRig.Options, LayerRig.Token));
        await Assert.ThrowsAsync<ArgumentNullException>("value", () => layer.SetAsync("k", null!, LayerRig.Options, LayerRig.Token));
        Assert.Throws<ArgumentNullException>("value", () => layer.Set("k", null!, LayerRig.Options));
        Assert.Throws<ArgumentNullException>("key", () => layer.Remove(null!));
        await Assert.ThrowsAsync<ArgumentNullException>("destination", () => _rig.Buffers.TryGetAsync("k", null!, LayerRig.Token).AsTask());
        Assert.Throws<ArgumentNullException>("destination", () => _rig.Buffers.TryGet("k", null!));
        await Assert.ThrowsAsync<ArgumentNullException>("value", () => _rig.Layer.TrySetAsync("k", null!, default, LayerRig.Options, LayerRig.Token).AsTask());
        Assert.Throws<ArgumentNullException>("value", () => _rig.Layer.TrySet("k", null!, default, LayerRig.Options));
        Assert.Equal("", _rig.Below.TakeCalls());
    }

    private async Task<CacheVersion> VersionAsync() => (await _rig.Layer.GetVersionedAsync("k", LayerRig.Token)).Version;

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
