using CascadeCache.TestKit.Servers;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>Whatever stands in memcached's place and however it misbehaves: every call ends in its time, with what Datastore says.</summary>
public sealed class HostileMemcachedTests(Servers servers)
{
    public static TheoryData<HostileBehaviour, bool, CallStyle> Cases()
    {
        var cases = new TheoryData<HostileBehaviour, bool, CallStyle>();
        foreach (CallStyle style in Enum.GetValues<CallStyle>())
        {
            foreach (HostileBehaviour behaviour in Enum.GetValues<HostileBehaviour>())
            {
                cases.Add(behaviour, false, style);
            }

            // To a client of TLS a plain server is one of these.
            cases.Add(HostileBehaviour.Silent, true, style);
            cases.Add(HostileBehaviour.Garbage, true, style);
            cases.Add(HostileBehaviour.GreetAndClose, true, style);
            cases.Add(HostileBehaviour.NeverAccept, true, style);
        }

        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task Every_call_ends_with_what_Datastore_says(HostileBehaviour behaviour, bool useTls, CallStyle style)
    {
        await using HostileServer hostile = await HostileServer.StartAsync(behaviour);
        CascadeCacheOptions options = await OptionsAsync($"hostile.{behaviour}.{useTls}.{style}.", CascadeBackends.Distributed);
        BoundedCalls.Hurry(options);
        options.Memcache.Servers.Add(hostile.Host);
        options.Memcache.UseTls = useTls;
        await using var stored = new CascadeDistributedCache(await OptionsAsync(options.KeyPrefix, CascadeBackends.Datastore));
        await stored.SetAsync("got", [1], new(), BoundedCalls.Token);
        await stored.SetAsync("tried", [2], new(), BoundedCalls.Token);
        await stored.SetAsync("removed", [3], new(), BoundedCalls.Token);
        await using var cache = new CascadeDistributedCache(options);
        var calls = new BoundedCalls(cache, options, style);

        await Task.WhenAll(
            AssertIsAsync([1], calls.GetAsync("got")),
            AssertIsAsync([2], calls.TryGetAsync("tried")),
            AssertIsAsync(null, calls.GetAsync("absent")),
            calls.RefreshAsync("got"),
            calls.SetAsync("set", 4),
            calls.SetBufferAsync("buffered", 5),
            calls.RemoveAsync("removed"));
        await Task.WhenAll(
            AssertIsAsync([4], calls.GetAsync("set")),
            AssertIsAsync([5], calls.TryGetAsync("buffered")),
            AssertIsAsync(null, calls.GetAsync("removed")));

        CascadeCacheStatistics statistics = cache.GetStatistics();
        Assert.Equal((0, 0), (statistics.MemcacheHits, statistics.MemcacheAbsentHits));
        Assert.Equal(3, statistics.BacklogAdded);
        Assert.True(statistics.MemcacheUnavailable > 0);
    }

    private static async Task AssertIsAsync(byte[]? expected, Task<byte[]?> call) => Assert.Equal(expected, await call);

    private async Task<CascadeCacheOptions> OptionsAsync(string prefix, CascadeBackends backends)
    {
        var options = new CascadeCacheOptions { KeyPrefix = prefix, Backends = backends };
        options.Datastore.EmulatorHost = await servers.DatastoreAsync();
        options.Datastore.ProjectId = "hostile";
        return options;
    }
}
