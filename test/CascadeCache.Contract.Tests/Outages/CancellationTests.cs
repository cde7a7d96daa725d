using System.Text;
using CascadeCache.Diagnostics;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>Callers that give up, on the one connection that all share.</summary>
public sealed class CancellationTests
{
    private const int Callers = 16;
    private const int CallsEach = 250;
    private const int Keys = 50;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thousands_of_callers_that_give_up_leave_the_connection_in_step()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(Patient);
        for (int key = 0; key < Keys; key++)
        {
            await cache.SetAsync(Name(key), Value(key, 0), new(), Token);
            Assert.Equal(Value(key, 0), await cache.GetAsync(Name(key), Token));
        }

        long connects = cache.Parts.Counters.Get(Counter.MemcacheConnects);
        int[] given = await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(() => CallAsync(cache, new Random(caller)), Token)));

        Assert.True(given.Sum() > Callers, "Hardly anybody gave up.");
        await cache.Parts.Background.WhenIdleAsync();
        for (int key = 0; key < Keys; key++)
        {
            AssertProves(key, await cache.GetAsync(Name(key), Token));
        }

        Assert.Equal(connects, cache.Parts.Counters.Get(Counter.MemcacheConnects));
        Assert.Equal(0, cache.Parts.Counters.Get(Counter.MemcacheViolations));
        Assert.Equal(0, cache.Parts.Counters.Get(Counter.MemcacheDisconnects));
        Assert.Equal(0, cache.Parts.Counters.Get(Counter.RejectedPayloads));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_caller_that_gives_up_is_free_while_the_server_says_nothing(bool memcachedHangs)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(Patient);
        var arrived = new TaskCompletionSource();
        servers.OnCall = async (_, token) =>
        {
            arrived.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
        };
        if (memcachedHangs)
        {
            servers.Memcached.Pause();
        }

        using var caller = new CancellationTokenSource();
        Task[] calls =
        [
            cache.GetAsync("absent", caller.Token),
            cache.RefreshAsync("absent too", caller.Token),
            cache.SetAsync("new", [1], new(), caller.Token),
            cache.RemoveAsync("old", caller.Token),
        ];
        if (!memcachedHangs)
        {
            await arrived.Task.WaitAsync(Limit, TimeProvider.System, Token);
        }

        Assert.DoesNotContain(calls, static call => call.IsCompleted);
        await caller.CancelAsync();
        foreach (Task call in calls)
        {
            // Its own token, and long before any time-out of ours.
            var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Limit, TimeProvider.System, Token));
            Assert.Equal(caller.Token, error.CancellationToken);
        }
    }

    // No time-out of ours may end what the test is about.
    private static void Patient(CascadeCacheOptions options)
    {
        options.Memcache.ConnectTimeout = options.Memcache.OperationTimeout = options.Resilience.Memcache.TotalTimeout = TimeSpan.FromMinutes(5);
        options.Datastore.OperationTimeout = options.Resilience.Datastore.TotalTimeout = TimeSpan.FromMinutes(5);
    }

    private static async Task<int> CallAsync(CascadeDistributedCache cache, Random random)
    {
        int given = 0;
        for (int i = 0; i < CallsEach; i++)
        {
            int key = random.Next(Keys);
            using var caller = new CancellationTokenSource();
            Task call = random.Next(8) == 0
                ? cache.SetAsync(Name(key), Value(key, random.Next(3000)), new(), caller.Token)
                : GetAsync(cache, key, caller.Token);
            if (random.Next(2) == 0)
            {
                // Somewhere between before it is sent and after it was answered.
                for (int spins = random.Next(200); spins > 0 && !call.IsCompleted; spins--)
                {
                    Thread.SpinWait(100);
                }

                await caller.CancelAsync();
            }

            try
            {
                await call.WaitAsync(Limit, TimeProvider.System, Token);
            }
            catch (OperationCanceledException e) when (e.CancellationToken == caller.Token)
            {
                given++;
            }
        }

        return given;
    }

    private static async Task GetAsync(CascadeDistributedCache cache, int key, CancellationToken token) => AssertProves(key, await cache.GetAsync(Name(key), token));

    private static string Name(int key) => $"key-{key}";

    private static byte[] Value(int key, int length) => Encoding.ASCII.GetBytes(Name(key) + ":" + new string('x', length));

    private static void AssertProves(int key, byte[]? value) => Assert.StartsWith(Name(key) + ":", Encoding.ASCII.GetString(value!), StringComparison.Ordinal);
}
