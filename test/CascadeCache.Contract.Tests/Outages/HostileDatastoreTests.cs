using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Servers;
using Google.Apis.Auth.OAuth2;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>Whatever stands in Datastore's place: what memcached holds is served, everything else is an exception that says so, and all of it ends in its time.</summary>
public sealed class HostileDatastoreTests(Servers servers)
{
    public static TheoryData<HostileBehaviour, bool, CallStyle> Cases()
    {
        var cases = new TheoryData<HostileBehaviour, bool, CallStyle>();
        foreach (CallStyle style in Enum.GetValues<CallStyle>())
        {
            cases.Add(HostileBehaviour.NeverAccept, false, style);
            cases.Add(HostileBehaviour.Silent, false, style);
            cases.Add(HostileBehaviour.CloseAtOnce, false, style);
            cases.Add(HostileBehaviour.Reset, false, style);
            cases.Add(HostileBehaviour.Garbage, false, style);
            cases.Add(HostileBehaviour.Http1, false, style);
            cases.Add(HostileBehaviour.TlsOnly, false, style);
            cases.Add(HostileBehaviour.GrpcHeadersOnly, false, style);

            // To a client of TLS a plain server is one of these.
            cases.Add(HostileBehaviour.Silent, true, style);
            cases.Add(HostileBehaviour.Garbage, true, style);
            cases.Add(HostileBehaviour.CloseAtOnce, true, style);
        }

        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task Every_call_ends_with_a_copy_or_an_exception(HostileBehaviour behaviour, bool useTls, CallStyle style)
    {
        await using HostileServer hostile = await HostileServer.StartAsync(behaviour);
        CascadeCacheOptions options = await OptionsAsync($"hostile.{behaviour}.{useTls}.{style}.");
        BoundedCalls.HurryDatastore(options);
        if (useTls)
        {
            options.Datastore.EmulatorHost = null;
            options.Datastore.Endpoint = hostile.Host;
            options.Datastore.Credential = GoogleCredential.FromAccessToken("token");
        }
        else
        {
            options.Datastore.EmulatorHost = hostile.Host;
        }

        await FillAsync(options.KeyPrefix, "got", "tried", "refreshed", "removed", "set");
        await using var cache = new CascadeDistributedCache(options, Surroundings());
        var calls = new BoundedCalls(cache, options, style);

        await Task.WhenAll(
            AssertIsAsync([1], calls.GetAsync("got")),
            AssertIsAsync([1], calls.TryGetAsync("tried")),
            calls.RefreshAsync("refreshed"),
            AssertFailsAsync(mayBeUnknown: false, calls.GetAsync("absent")),
            AssertFailsAsync(mayBeUnknown: false, calls.TryGetAsync("absent too")),
            AssertFailsAsync(mayBeUnknown: false, calls.RefreshAsync("absent as well")),
            AssertFailsAsync(mayBeUnknown: true, calls.SetAsync("set", 2)),
            AssertFailsAsync(mayBeUnknown: true, calls.SetBufferAsync("new", 2)),
            AssertFailsAsync(mayBeUnknown: true, calls.RemoveAsync("removed")));

        // Nothing was promised; and what may have been replaced is not served.
        foreach (string key in (string[])["set", "removed"])
        {
            Exception? error = await Record.ExceptionAsync(async () => Assert.Equal([1], await calls.GetAsync(key)));
            Assert.True(error is null or CascadeUnavailableException, error?.ToString());
        }
    }

    private static async Task AssertIsAsync(byte[] expected, Task<byte[]?> call) => Assert.Equal(expected, await call);

    private static async Task AssertFailsAsync(bool mayBeUnknown, Task call)
    {
        Exception? error = await Record.ExceptionAsync(() => call);
        Assert.True(error is CascadeUnavailableException || (mayBeUnknown && error is CascadeOutcomeUnknownException), error?.ToString() ?? "no exception");
        Assert.Contains("127.0.0.1:", error!.Message, StringComparison.Ordinal);
    }

    // A clock so far ahead that memcached counts as old enough to be filled.
    private static CacheSurroundings Surroundings()
    {
        var clock = new MovableClock();
        clock.Advance(TimeSpan.FromMinutes(10));
        return new CacheSurroundings { Time = clock, Logger = new LogBook(), Environment = static _ => null };
    }

    // By a cache that has a Datastore: memcached keeps the copies.
    private async Task FillAsync(string prefix, params string[] keys)
    {
        CascadeCacheOptions options = await OptionsAsync(prefix);
        var clock = new MovableClock();
        await using var cache = new CascadeDistributedCache(options, new CacheSurroundings { Time = clock, Logger = new LogBook(), Environment = static _ => null });
        await cache.GetAsync("settle", BoundedCalls.Token);
        clock.Advance(TimeSpan.FromMinutes(10));
        foreach (string key in keys)
        {
            await cache.SetAsync(key, [1], new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromDays(1) }, BoundedCalls.Token);
            Assert.Equal([1], await cache.GetAsync(key, BoundedCalls.Token));
        }

        Assert.Equal(keys.Length, cache.GetStatistics().MemcacheHits);
    }

    private async Task<CascadeCacheOptions> OptionsAsync(string prefix)
    {
        var options = new CascadeCacheOptions { KeyPrefix = prefix };
        options.Memcache.Servers.Add(await servers.RealMemcachedAsync());
        options.Datastore.EmulatorHost = await servers.DatastoreAsync();
        options.Datastore.ProjectId = "hostile";
        return options;
    }
}
