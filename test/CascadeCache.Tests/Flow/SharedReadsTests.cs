using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;
using Xunit;

namespace CascadeCache.Tests.Flow;

public sealed class SharedReadsTests : IDisposable
{
    private readonly FakeDurableTier _durable = new();
    private readonly CacheCounters _counters = new();
    private readonly CacheKey _key = new("k");

    public void Dispose() => _durable.Dispose();

    [Fact]
    public async Task Readers_join_only_a_read_that_begins_after_they_came()
    {
        var shared = new SharedReads(_durable, _counters);
        await WriteAsync("v1");
        FakeStop stop = _durable.Script.StopAfter(Commands.Read);
        Task<DurableRead> first = ReadAsync(shared);
        await stop.ReachedAsync();
        DurableWrite acknowledged = await WriteAsync("v2");

        Task<DurableRead>[] later = [.. Enumerable.Range(0, 10).Select(_ => ReadAsync(shared))];
        stop.Release();

        Assert.True((await first).Version < acknowledged.Version);
        Assert.All(await Task.WhenAll(later), r => Assert.Equal(acknowledged.Version, r.Version));
        Assert.Equal(2, _durable.Script.Log.Count(Commands.Read));
        Assert.Equal(10, _counters.Get(Counter.DatastoreSharedReads));
    }

    [Fact]
    public async Task A_failure_that_nobody_waits_for_any_more_is_no_unobserved_one()
    {
        var unobserved = new List<Exception>();
        EventHandler<UnobservedTaskExceptionEventArgs> handler = (_, e) =>
        {
            lock (unobserved)
            {
                unobserved.AddRange(e.Exception.InnerExceptions.Where(static inner => inner.Message == "The store does not answer."));
            }
        };
        TaskScheduler.UnobservedTaskException += handler;
        try
        {
            await FailWithoutReadersAsync();
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            lock (unobserved)
            {
                Assert.Empty(unobserved);
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= handler;
        }
    }

    [Fact]
    public async Task A_failure_goes_to_those_who_share_it_and_to_nobody_else()
    {
        var shared = new SharedReads(_durable, _counters);
        _durable.Script.Next(Commands.Read, DurableFate.Unavailable);

        await Assert.ThrowsAsync<CascadeUnavailableException>(() => ReadAsync(shared));

        Assert.Null((await ReadAsync(shared)).Value);
    }

    [Fact]
    public async Task One_readers_cancellation_does_not_end_the_read_of_the_others()
    {
        var shared = new SharedReads(_durable, _counters);
        FakeStop stop = _durable.Script.StopBefore(Commands.Read);
        using var cancellation = new CancellationTokenSource();
        Task<DurableRead> impatient = shared.ReadAsync(_key, CallContext.Async(cancellation.Token)).AsTask();
        await stop.ReachedAsync();
        Task<DurableRead> patient = ReadAsync(shared);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        stop.Release();

        Assert.Null((await patient).Value);
    }

    private Task<DurableRead> ReadAsync(SharedReads shared) => shared.ReadAsync(_key, CallContext.Async(CancellationToken.None)).AsTask();

    private async Task<DurableWrite> WriteAsync(string value) =>
        await _durable.WriteAsync(_key, new DurableValue(System.Text.Encoding.UTF8.GetBytes(value).ToSequence(), default, EntryLifetime.Never), WriteCondition.Always, DurableCause.Set, CallContext.Sync);

    private async Task FailWithoutReadersAsync()
    {
        var shared = new SharedReads(_durable, _counters);
        FakeStop stop = _durable.Script.StopBefore(Commands.Read, DurableFate.Unavailable);
        using var caller = new CancellationTokenSource();
        Task<DurableRead> read = shared.ReadAsync(_key, CallContext.Async(caller.Token)).AsTask();
        await stop.ReachedAsync();
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);

        // The next reader waits until the failed read has ended, and sees that it did.
        Task<DurableRead> next = ReadAsync(shared);
        stop.Release();
        await next;
    }
}
