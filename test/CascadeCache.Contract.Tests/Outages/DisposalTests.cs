using CascadeCache.TestKit.Servers;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>A cache that is disposed of while calls wait for servers that say nothing.</summary>
public sealed class DisposalTests
{
    // Generous: what is proved is that all of it ends.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(HostileBehaviour.Silent, HostileBehaviour.Silent)]
    [InlineData(HostileBehaviour.GreetAndFallSilent, HostileBehaviour.Silent)]
    [InlineData(HostileBehaviour.GreetAndFallSilent, HostileBehaviour.GrpcHeadersOnly)]
    [InlineData(HostileBehaviour.NeverAccept, HostileBehaviour.NeverAccept)]
    public async Task Calls_under_way_end_and_no_thread_is_left(HostileBehaviour memcachedBehaviour, HostileBehaviour datastoreBehaviour)
    {
        await using HostileServer memcached = await HostileServer.StartAsync(memcachedBehaviour);
        await using HostileServer datastore = await HostileServer.StartAsync(datastoreBehaviour);
        CascadeCacheOptions options = Options(memcached, datastore);
        var cache = new CascadeDistributedCache(options);
        var sync = new BoundedCalls(cache, options, CallStyle.Sync);
        var async = new BoundedCalls(cache, options, CallStyle.Async);
        Task[] calls =
        [
            .. ((BoundedCalls[])[sync, async]).SelectMany(static calls => (Task[])
                [calls.GetAsync("got"), calls.SetAsync("set", 1), calls.RefreshAsync("refreshed"), calls.RemoveAsync("removed"), calls.TryGetAsync("tried")]),
        ];
        await UntilAsync(() => memcachedBehaviour == HostileBehaviour.NeverAccept || memcached.Connections > 0);

        await Task.WhenAll(DisposeFourTimes(cache)).WaitAsync(Limit, TimeProvider.System, Token);

        foreach (Task call in calls)
        {
            Exception? error = await Record.ExceptionAsync(() => call.WaitAsync(Limit, TimeProvider.System, Token));
            Assert.True(error is CascadeCacheException or ObjectDisposedException, error?.ToString() ?? "a call succeeded");
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => cache.GetAsync("late", Token));
        await UntilAsync(() => ThreadsOf(memcached.Host) == 0);
    }

    [Fact]
    public async Task The_threads_of_a_cache_are_those_that_the_other_tests_miss_after_its_end()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Threads are listed by Linux.");
        await using HostileServer memcached = await HostileServer.StartAsync(HostileBehaviour.GreetAndFallSilent);
        await using HostileServer datastore = await HostileServer.StartAsync(HostileBehaviour.Silent);
        await using var cache = new CascadeDistributedCache(Options(memcached, datastore));
        Task<byte[]?> call = cache.GetAsync("got", Token);

        await UntilAsync(() => ThreadsOf(memcached.Host) == 1);

        await cache.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => call);
        await UntilAsync(() => ThreadsOf(memcached.Host) == 0);
    }

    [Fact]
    public async Task No_failure_goes_unobserved()
    {
        var unobserved = new List<Exception>();
        EventHandler<UnobservedTaskExceptionEventArgs> handler = (_, e) =>
        {
            if (e.Exception.ToString().Contains("CascadeCache.", StringComparison.Ordinal))
            {
                lock (unobserved)
                {
                    unobserved.Add(e.Exception);
                }
            }
        };
        TaskScheduler.UnobservedTaskException += handler;
        try
        {
            await RunAndForgetAsync();
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            Assert.Empty(unobserved);
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= handler;
        }
    }

    private static async Task RunAndForgetAsync()
    {
        await using HostileServer memcached = await HostileServer.StartAsync(HostileBehaviour.GreetAndFallSilent);
        await using HostileServer datastore = await HostileServer.StartAsync(HostileBehaviour.Silent);
        CascadeCacheOptions options = Options(memcached, datastore);
        options.Memcache.OperationTimeout = TimeSpan.FromMilliseconds(100);
        options.Resilience.Memcache.TotalTimeout = TimeSpan.FromMilliseconds(100);
        var cache = new CascadeDistributedCache(options);
        var sync = new BoundedCalls(cache, options, CallStyle.Sync);
        using var caller = new CancellationTokenSource();

        // Some give up, some are left to fail, and all of it while the cache is disposed of.
        Task[] calls =
        [
            .. Enumerable.Range(0, 20).Select(i => cache.SetAsync($"set {i}", [1], new(), caller.Token)),
            .. Enumerable.Range(0, 10).Select(i => sync.GetAsync($"sync {i}")),
        ];
        await UntilAsync(() => datastore.Connections > 0);
        await caller.CancelAsync();
        await Task.WhenAll(DisposeFourTimes(cache)).WaitAsync(Limit, TimeProvider.System, Token);
        foreach (Task call in calls)
        {
            await Record.ExceptionAsync(() => call.WaitAsync(Limit, TimeProvider.System, Token));
        }
    }

    private static Task[] DisposeFourTimes(CascadeDistributedCache cache) =>
    [
        Task.Factory.StartNew(cache.Dispose, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default),
        Task.Run(() => cache.DisposeAsync().AsTask(), Token),
        Task.Factory.StartNew(cache.Dispose, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default),
        Task.Run(() => cache.DisposeAsync().AsTask(), Token),
    ];

    private static CascadeCacheOptions Options(HostileServer memcached, HostileServer datastore)
    {
        var options = new CascadeCacheOptions();
        options.Memcache.Servers.Add(memcached.Host);
        options.Memcache.OperationTimeout = TimeSpan.FromSeconds(1);
        options.Datastore.EmulatorHost = datastore.Host;
        options.Datastore.ProjectId = "disposal";
        options.Datastore.OperationTimeout = TimeSpan.FromSeconds(2);
        options.Resilience.Datastore.TotalTimeout = TimeSpan.FromSeconds(3);
        return options;
    }

    // Linux keeps the first 15 characters of a thread's name: those of the cache's hold the port, by which other tests' are told apart.
    private static int ThreadsOf(string host)
    {
        string port = host[host.LastIndexOf(':')..];
        int count = 0;
        foreach (string task in Directory.Exists("/proc/self/task") ? Directory.GetDirectories("/proc/self/task") : [])
        {
            count += NameOf(task).Contains(port, StringComparison.Ordinal) ? 1 : 0;
        }

        return count;
    }

    private static string NameOf(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm"));
        }
        catch (IOException)
        {
            return ""; // it has ended meanwhile
        }
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Limit);
        while (!holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
        }
    }
}
