using CascadeCache.Contract.Tests.Outages;
using CascadeCache.Emulators;
using CascadeCache.TestKit.Values;
using Grpc.Core;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Contract.Tests.LentValues;

/// <summary>
/// On real connections: when a call has ended, well or badly, its value's memory is the caller's, who uses it for something else at once. Whatever arrives at a server after that is the
/// value as it was.
/// </summary>
public sealed class LentValueTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly DistributedCacheEntryOptions Day = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromDays(1) };

    public enum Ending
    {
        Stored,
        DatastoreFails,
        DatastoreHangs,
        MemcachedHangs,
        CancelledAtDatastore,
        CancelledAtMemcached,
    }

    public static IEnumerable<TheoryDataRow<Ending, CascadeBackends, CallStyle, int>> Rows =>
        from ending in Enum.GetValues<Ending>()
        from backends in (CascadeBackends[])[CascadeBackends.Distributed, CascadeBackends.Memcache, CascadeBackends.Datastore]
        where backends.HasFlag(CascadeBackends.Memcache) || ending is not (Ending.MemcachedHangs or Ending.CancelledAtMemcached)
        where backends.HasFlag(CascadeBackends.Datastore) || ending is not (Ending.DatastoreFails or Ending.DatastoreHangs or Ending.CancelledAtDatastore)
        from style in Enum.GetValues<CallStyle>()
        where style == CallStyle.Async || ending is not (Ending.CancelledAtDatastore or Ending.CancelledAtMemcached)
        from size in backends == CascadeBackends.Memcache ? (int[])[5000, 900_000] : [5000, 900_000, 2_500_000]
        select new TheoryDataRow<Ending, CascadeBackends, CallStyle, int>(ending, backends, style, size);

    [Theory, MemberData(nameof(Rows))]
    public async Task When_a_call_has_ended_its_memory_is_the_callers(Ending ending, CascadeBackends backends, CallStyle style, int size)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(options =>
        {
            options.Backends = backends;
            Time(options, ending);
        });
        await cache.SetAsync("key", Entries.Bytes(1_500_000 / (backends == CascadeBackends.Memcache ? 2 : 1), 9), Day, OutageFixture.Token);
        byte[] value = Entries.Bytes(size, 1);
        var lent = new LentSequence(value, pieces: 11);
        using var caller = new CancellationTokenSource();
        using var trouble = new Trouble(servers, ending);

        Exception? error = await SetAsync(cache, style, lent, trouble, caller);
        lent.TakeBack();
        trouble.End();

        Assert.True(error is null or CascadeCacheException or OperationCanceledException, error?.ToString());
        Assert.Equal(ending is Ending.Stored || (ending == Ending.MemcachedHangs && backends == CascadeBackends.Distributed), error is null);
        await cache.Parts.Background.WhenIdleAsync();
        await AssertWholeAsync(servers, cache, backends, value, size);
        Assert.Equal(0, lent.LateUses);
    }

    [Theory, InlineData(CallStyle.Sync), InlineData(CallStyle.Async)]
    public async Task A_cache_that_uses_it_later_is_found_out(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        var late = new LateCache(await servers.NewCacheAsync());
        var lent = new LentSequence(Entries.Bytes(5000));

        Assert.Null(await Record.ExceptionAsync(() => SetAsync(late, style, lent, CancellationToken.None)));
        lent.TakeBack();
        await Record.ExceptionAsync(late.StoreNowAsync);

        Assert.NotEqual(0, lent.LateUses);
    }

    // Long where the test ends the wait itself, short where a time-out of ours is what ends it.
    private static void Time(CascadeCacheOptions options, Ending ending)
    {
        if (ending is Ending.CancelledAtDatastore or Ending.CancelledAtMemcached)
        {
            options.Memcache.ConnectTimeout = options.Memcache.OperationTimeout = options.Resilience.Memcache.TotalTimeout = TimeSpan.FromMinutes(5);
            options.Datastore.OperationTimeout = options.Resilience.Datastore.TotalTimeout = TimeSpan.FromMinutes(5);
        }
        else if (ending == Ending.DatastoreHangs)
        {
            options.Datastore.OperationTimeout = TimeSpan.FromSeconds(1);
            options.Resilience.Datastore.TotalTimeout = TimeSpan.FromSeconds(2);
        }
        else if (ending == Ending.MemcachedHangs)
        {
            options.Memcache.OperationTimeout = TimeSpan.FromMilliseconds(300);
            options.Resilience.Memcache.TotalTimeout = TimeSpan.FromMilliseconds(600);
        }
    }

    private static async Task<Exception?> SetAsync(CascadeDistributedCache cache, CallStyle style, LentSequence lent, Trouble trouble, CancellationTokenSource caller)
    {
        Task call = SetAsync(cache, style, lent, caller.Token);
        if (trouble.IsCancelled)
        {
            await trouble.ArrivedAsync(call, cache);
            await caller.CancelAsync();
        }

        return await Record.ExceptionAsync(() => call.WaitAsync(Limit, TimeProvider.System, OutageFixture.Token));
    }

    private static Task SetAsync(IBufferDistributedCache cache, CallStyle style, LentSequence lent, CancellationToken token) => style == CallStyle.Async
        ? cache.SetAsync("key", lent.Bytes, Day, token).AsTask()
        : Task.Factory.StartNew(() => cache.Set("key", lent.Bytes, Day), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task AssertWholeAsync(OutageFixture servers, CascadeDistributedCache cache, CascadeBackends backends, byte[] value, int size)
    {
        byte[]? read = null;
        await servers.UntilAsync(async () => await Record.ExceptionAsync(async () => read = await cache.GetAsync("key", OutageFixture.Token)) is null);
        AssertOneOfBoth(read, value, size);
        if (backends.HasFlag(CascadeBackends.Datastore))
        {
            CascadeDistributedCache other = servers.NewCache(static options => options.Backends = CascadeBackends.Datastore);
            AssertOneOfBoth(await other.GetAsync("key", OutageFixture.Token), value, size);
        }
    }

    private static void AssertOneOfBoth(byte[]? read, byte[] value, int size)
    {
        bool isOlder = read is not null && read.Length != size && read.AsSpan().SequenceEqual(Entries.Bytes(read.Length, 9));
        Assert.True(read is null || isOlder || read.AsSpan().SequenceEqual(value), "another value was stored");
    }

    /// <summary>What makes the call end as it is to, until it is told to end itself.</summary>
    private sealed class Trouble : IDisposable
    {
        private readonly OutageFixture _servers;
        private readonly Ending _ending;
        private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Trouble(OutageFixture servers, Ending ending)
        {
            (_servers, _ending) = (servers, ending);
            switch (ending)
            {
                case Ending.DatastoreFails:
                    servers.OnCall = static (_, _) => throw new DatastoreFaultException(StatusCode.Unavailable, "maintenance");
                    break;
                case Ending.DatastoreHangs or Ending.CancelledAtDatastore:
                    // It goes on with what it was sent although its caller has gone.
                    servers.OnCall = async (_, _) =>
                    {
                        _arrived.TrySetResult();
                        await _gone.Task;
                    };
                    break;
                case Ending.MemcachedHangs or Ending.CancelledAtMemcached:
                    servers.Memcached.Pause();
                    break;
            }
        }

        public bool IsCancelled => _ending is Ending.CancelledAtDatastore or Ending.CancelledAtMemcached;

        /// <summary>Completes when the call waits for what does not come, or has ended.</summary>
        public async Task ArrivedAsync(Task call, CascadeDistributedCache cache)
        {
            if (_ending == Ending.CancelledAtDatastore)
            {
                await Task.WhenAny(_arrived.Task, call);
                return;
            }

            while (cache.Parts.WaitingRequests == 0 && !call.IsCompleted)
            {
                await Task.Yield();
            }
        }

        public void End()
        {
            _servers.OnCall = null;
            _gone.TrySetResult();
            if (_ending is Ending.MemcachedHangs or Ending.CancelledAtMemcached)
            {
                _servers.Memcached.Resume();
            }
        }

        public void Dispose() => End();
    }
}
