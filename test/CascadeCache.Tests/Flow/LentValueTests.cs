using System.Buffers;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Values;
using CascadeCache.Tiers;

namespace CascadeCache.Tests.Flow;

/// <summary>
/// A value's memory is the caller's again as soon as the call has ended, however it has ended; what was stored is the value as it was. And all memory of the pool was given back, once.
/// </summary>
public sealed class LentValueTests
{
    private const int Threshold = 100;
    private static readonly byte[] Value = [.. Enumerable.Range(0, 900).Select(static i => (byte)(i % 5))];

    public enum Ending
    {
        Stored,
        DurableUnavailable,
        DurableRejected,
        UnknownApplied,
        UnknownNotApplied,
        UnknownLate,
        PublishLost,
        PublishLostTwice,
        PublishReplyLost,
        PublishDelayed,
        NoMemory,
        CutOff,
        CancelledBeforeCommit,
        CancelledAfterCommit,
        CancelledBeforePublish,
        TooLarge,
        TooLargeForServer,
    }

    public static IEnumerable<TheoryDataRow<Ending, CascadeBackends, bool, bool>> Rows =>
        from ending in Enum.GetValues<Ending>()
        from backends in (CascadeBackends[])[CascadeBackends.Distributed, CascadeBackends.Memcache, CascadeBackends.Datastore]
        from compresses in (bool[])[false, true]
        from isConditional in (bool[])[false, true]
        select new TheoryDataRow<Ending, CascadeBackends, bool, bool>(ending, backends, compresses, isConditional);

    [Theory, MemberData(nameof(Rows))]
    public async Task After_a_call_its_memory_is_the_callers_again_whatever_came_of_it(Ending ending, CascadeBackends backends, bool compresses, bool isConditional)
    {
        await using var world = new FlowFixture();
        FlowProcess process = world.Start(options => options.CompressionThresholdBytes = compresses ? Threshold : 0, backends);
        var lent = new LentSequence(Value, pieces: 7);

        await RunAsync(world, process, ending, isConditional, lent);

        Assert.Equal(0, lent.LateUses);
        Assert.Equal((0, 0), (world.Pool.Open, process.Tier.OpenReads));
        await AssertWholeAsync(world, backends);
    }

    // The broken twin: a server that says that it has the value before it has read it.
    [Theory]
    [InlineData(CascadeBackends.Distributed)]
    [InlineData(CascadeBackends.Memcache)]
    public async Task A_tier_that_keeps_the_value_for_later_is_found_out(CascadeBackends backends)
    {
        await using var world = new FlowFixture();
        FlowProcess process = world.Start(backends: backends);
        LateServer? late = null;
        process.Tier.Wrap = server => late ??= new LateServer(server);
        var lent = new LentSequence(Value, pieces: 7);

        await RunAsync(world, process, Ending.Stored, isConditional: false, lent);
        late!.ReadNow();

        Assert.NotEqual(0, lent.LateUses);
    }

    private static async Task RunAsync(FlowFixture world, FlowProcess process, Ending ending, bool isConditional, LentSequence lent)
    {
        using var caller = new CancellationTokenSource();
        FakeStop? stop = Prepare(world, process, ending);
        Task call = isConditional
            ? process.Flow.TrySetAsync(world.Key, lent.Bytes, process.Hour, default, CallContext.Async(caller.Token)).AsTask()
            : process.Flow.SetAsync(world.Key, lent.Bytes, process.Hour, CallContext.Async(caller.Token)).AsTask();
        if (stop is not null)
        {
            await Task.WhenAny(stop.ReachedAsync(), call);
            await caller.CancelAsync();
            stop.Release();
        }

        Exception? error = await Record.ExceptionAsync(() => call);
        lent.TakeBack();

        Assert.True(error is null or CascadeCacheException or OperationCanceledException, error?.ToString());
        process.Tier.RunDelayed();
        world.Durable.RunLate();
        process.Tier.Heal();
        await process.Background.WhenIdleAsync();
    }

    private static FakeStop? Prepare(FlowFixture world, FlowProcess process, Ending ending)
    {
        static bool IsWrite(DurableCommand command) => command.Kind == DurableCommandKind.Write;
        static bool IsPublish(VolatileCommand command) => command.Stores == EntryKind.Value;
        DurableFate? durable = ending switch
        {
            Ending.DurableUnavailable => DurableFate.Unavailable,
            Ending.DurableRejected => DurableFate.Rejected,
            Ending.UnknownApplied => DurableFate.UnknownApplied,
            Ending.UnknownNotApplied => DurableFate.UnknownNotApplied,
            Ending.UnknownLate => DurableFate.UnknownLate,
            _ => null,
        };
        VolatileFate? publish = ending switch
        {
            Ending.PublishLost or Ending.PublishLostTwice => VolatileFate.Lost,
            Ending.PublishReplyLost => VolatileFate.ReplyLost,
            Ending.PublishDelayed => VolatileFate.Delayed,
            Ending.NoMemory => VolatileFate.NoMemory,
            _ => null,
        };
        if (durable is { } durableFate)
        {
            world.Durable.Script.Next(IsWrite, durableFate);
        }

        if (publish is { } fate)
        {
            process.Tier.Script.Next(IsPublish, fate, ending == Ending.PublishLostTwice ? 2 : 1);
        }

        switch (ending)
        {
            case Ending.CutOff:
                process.Tier.Cut();
                return null;
            case Ending.TooLarge:
                (world.Durable.ValueLimit, world.Server.ItemLimit) = (1, EntryFormat.HeaderSize + 1);
                return null;
            case Ending.TooLargeForServer:
                world.Server.ItemLimit = EntryFormat.HeaderSize + 8;
                return null;
            case Ending.CancelledBeforeCommit:
                return world.Durable.Script.StopBefore(IsWrite);
            case Ending.CancelledAfterCommit:
                return world.Durable.Script.StopAfter(IsWrite);
            case Ending.CancelledBeforePublish:
                return process.Tier.Script.StopBefore(IsPublish);
            default:
                return null;
        }
    }

    private static async Task AssertWholeAsync(FlowFixture world, CascadeBackends backends)
    {
        if (world.Durable.Peek(world.Key).Value is { } value)
        {
            FoundValue stored = world.Start(backends: CascadeBackends.Datastore).Services.Found(value, 1);
            Assert.Equal(Value, stored.Payload.ToArray());
            stored.Dispose();
        }

        FlowProcess reader = world.Start(backends: backends);
        using FoundValue found = await reader.Flow.GetAsync(world.Key, CallContext.Async(CancellationToken.None));
        Assert.True(!found.Exists || Value.AsSpan().SequenceEqual(found.Payload.ToArray()), "another value is stored");
        Assert.Equal(0, reader.Count(Counter.RejectedPayloads));
        await reader.Background.WhenIdleAsync();
    }

    private sealed class LateServer(IVolatileServer inner) : IVolatileServer
    {
        private readonly List<VolatileItem> _kept = [];

        public string Name => inner.Name;

        public bool IsStandIn => inner.IsStandIn;

        public TimeSpan? MinimumAge => inner.MinimumAge;

        public void ReadNow()
        {
            foreach (VolatileItem item in _kept)
            {
                Record.Exception(() => item.Payload.ToArray());
            }
        }

        public long MaxItemBytes(CacheKey key) => inner.MaxItemBytes(key);

        public ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call) => inner.ReadAsync(key, withValue, leaseSeconds, call);

        public ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call) =>
            Keep(item) ? ValueTask.FromResult(new VolatileWrite(VolatileWriteStatus.Done)) : inner.CompareAndSetAsync(key, token, item, call);

        public ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call) =>
            Keep(item) ? ValueTask.FromResult(new VolatileWrite(VolatileWriteStatus.Done)) : inner.SetAsync(key, item, call);

        public ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call) => inner.DeleteAsync(key, token, call);

        private bool Keep(VolatileItem item)
        {
            bool isValue = EntryFlags.KindOf(item.Flags) == EntryKind.Value;
            if (isValue)
            {
                _kept.Add(item);
            }

            return isValue;
        }
    }
}
