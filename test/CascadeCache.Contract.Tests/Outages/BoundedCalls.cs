using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>The public calls of a cache in both styles, each held to its configured time.</summary>
internal sealed class BoundedCalls(CascadeDistributedCache cache, CascadeCacheOptions options, CallStyle style)
{
    // How long a shared machine may leave a thread without a processor.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(40);

    // Looking twice and taking twice before the commit; publishing, checking twice and removing twice after it; each may use all of its tier's time.
    private const int MostMemcacheOperations = 9;

    private static readonly DistributedCacheEntryOptions Entry = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromDays(1) };

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    private IBufferDistributedCache Buffers => cache;

    private TimeSpan Limit =>
        (MostMemcacheOperations * (options.Resilience.Memcache.TotalTimeout + options.Memcache.ConnectTimeout))
        + (2 * options.Resilience.Datastore.TotalTimeout)
        + Margin;

    public static void Hurry(CascadeCacheOptions options)
    {
        options.Memcache.ConnectTimeout = TimeSpan.FromMilliseconds(300);
        options.Memcache.OperationTimeout = TimeSpan.FromMilliseconds(150);
        options.Resilience.Memcache.TotalTimeout = TimeSpan.FromMilliseconds(300);
        options.Resilience.Memcache.RetryBaseDelay = TimeSpan.FromMilliseconds(1);
    }

    /// <summary>For tests in which Datastore is the one that fails; elsewhere it keeps time enough for a busy machine.</summary>
    public static void HurryDatastore(CascadeCacheOptions options)
    {
        options.Datastore.OperationTimeout = TimeSpan.FromMilliseconds(200);
        options.Resilience.Datastore.TotalTimeout = TimeSpan.FromMilliseconds(500);
        options.Resilience.Datastore.RetryBaseDelay = TimeSpan.FromMilliseconds(5);
        options.Resilience.Datastore.RetryMaxDelay = TimeSpan.FromMilliseconds(20);
    }

    public Task<byte[]?> GetAsync(string key) => RunAsync(() => cache.Get(key), () => cache.GetAsync(key, Token));

    public Task SetAsync(string key, params byte[] value) =>
        RunAsync(() => Done(() => cache.Set(key, value, Entry)), () => DoneAsync(cache.SetAsync(key, value, Entry, Token)));

    public Task RefreshAsync(string key) => RunAsync(() => Done(() => cache.Refresh(key)), () => DoneAsync(cache.RefreshAsync(key, Token)));

    public Task RemoveAsync(string key) => RunAsync(() => Done(() => cache.Remove(key)), () => DoneAsync(cache.RemoveAsync(key, Token)));

    public Task<byte[]?> TryGetAsync(string key)
    {
        var destination = new ArrayBufferWriter<byte>();
        return RunAsync(
            () => Buffers.TryGet(key, destination) ? destination.WrittenSpan.ToArray() : null,
            async () => await Buffers.TryGetAsync(key, destination, Token) ? destination.WrittenSpan.ToArray() : null);
    }

    public Task SetBufferAsync(string key, params byte[] value) => RunAsync(
        () => Done(() => Buffers.Set(key, new ReadOnlySequence<byte>(value), Entry)),
        () => DoneAsync(Buffers.SetAsync(key, new ReadOnlySequence<byte>(value), Entry, Token).AsTask()));

    private static byte[]? Done(Action action)
    {
        action();
        return null;
    }

    private static async Task<byte[]?> DoneAsync(Task task)
    {
        await task;
        return null;
    }

    // A synchronous call has a thread of its own: one of the pool would make the test wait for the pool.
    private Task<byte[]?> RunAsync(Func<byte[]?> sync, Func<Task<byte[]?>> async) => (style == CallStyle.Sync
            ? Task.Factory.StartNew(sync, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : async())
        .WaitAsync(Limit, TimeProvider.System, Token);
}
