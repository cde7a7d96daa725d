using System.Net;
using System.Net.Sockets;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Tiers;
using Google.Protobuf;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace CascadeCache.Tests.Datastore;

/// <summary>The client over real sockets.</summary>
public sealed class DatastoreTransportTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_largest_value_travels_both_ways(bool blocking)
    {
        var stored = new Dictionary<string, Entity>(StringComparer.Ordinal);
        await using LocalGrpcServer server = await LocalGrpcServer.StartAsync((context, message) =>
        {
            if (context.Request.Path.Value!.EndsWith("/Commit", StringComparison.Ordinal))
            {
                foreach (Mutation mutation in CommitRequest.Parser.ParseFrom(message).Mutations)
                {
                    stored[mutation.Upsert.Key.Path[0].Name] = mutation.Upsert;
                }

                return Task.FromResult<IMessage>(ChunkRig.Committed(stored.Count));
            }

            // All that is asked for in one answer, however large that becomes.
            return Task.FromResult<IMessage>(ChunkRig.Chunks(LookupRequest.Parser.ParseFrom(message).Keys.Select(key => stored[key.Path[0].Name])));
        });
        using TierRig rig = Rig(server.Address);
        byte[] payload = new byte[rig.Tier.MaxValueBytes(TierRig.Key)];
        payload[^1] = 42;
        DurableValue value = ChunkRig.Value(1) with { Payload = payload.ToSequence() };

        ValueTask<DurableWrite> write = rig.Tier.WriteAsync(TierRig.Key, value, WriteCondition.Always, DurableCause.Set, TierRig.Call(blocking));
        Assert.True(!blocking || write.IsCompleted);
        Assert.Equal(DurableWriteStatus.Applied, (await write).Status);
        ValueTask<DurableRead> read = rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call(blocking));
        Assert.True(!blocking || read.IsCompleted);
        Assert.True((await read).Value!.Value.Payload.Span.SequenceEqual(payload));
    }

    [Fact]
    public async Task The_service_is_told_the_deadline()
    {
        string? told = null;
        await using LocalGrpcServer server = await LocalGrpcServer.StartAsync((context, _) =>
        {
            told = context.Request.Headers["grpc-timeout"];
            return Task.FromResult<IMessage>(TierRig.Committed());
        });
        using TierRig rig = Rig(server.Address);

        await rig.Tier.DeleteAsync(TierRig.Key, null, DurableCause.Remove, TierRig.Call());

        Assert.False(string.IsNullOrEmpty(told));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nobody_listening_is_retried_and_certain(bool blocking)
    {
        using TierRig rig = Rig(UnusedAddress());

        Exception? error = await Record.ExceptionAsync(async () => await rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call(blocking)));

        Assert.IsType<CascadeUnavailableException>(error);
        Assert.Equal(2, rig.Counters.Get(Counter.DatastoreRetries));
        Assert.Equal(0, rig.Counters.Get(Counter.DatastoreWritesForSet));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_connection_that_breaks_under_a_commit_leaves_it_unknown_and_is_not_retried(bool blocking, bool isWholeConnection)
    {
        int arrived = 0;
        await using LocalGrpcServer server = await LocalGrpcServer.StartAsync((context, _) =>
        {
            Interlocked.Increment(ref arrived);
            if (isWholeConnection)
            {
                context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
            }
            else
            {
                context.Abort();
            }

            return Task.FromException<IMessage>(new OperationCanceledException());
        });
        using TierRig rig = Rig(server.Address);

        Exception? error = await Record.ExceptionAsync(async () => await rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call(blocking)));

        Assert.IsType<CascadeOutcomeUnknownException>(error);
        Assert.Equal(1, arrived);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_silent_service_ends_in_the_configured_time_without_a_cancellation(bool blocking)
    {
        await using LocalGrpcServer server = await LocalGrpcServer.StartAsync(async (context, _) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
            return TierRig.Committed();
        });
        using TierRig rig = Rig(server.Address, o => o.Datastore.OperationTimeout = TimeSpan.FromMilliseconds(300));

        Exception? read = await Record.ExceptionAsync(async () => await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call(blocking)));
        Exception? write = await Record.ExceptionAsync(async () => await rig.Tier.DeleteAsync(TierRig.Key, null, DurableCause.Remove, TierRig.Call(blocking)));

        Assert.IsType<CascadeUnavailableException>(read);
        Assert.IsType<CascadeOutcomeUnknownException>(write);
        Assert.Equal(3, rig.Counters.Get(Counter.DatastoreReadsForGet));
        Assert.Equal(1, rig.Counters.Get(Counter.DatastoreDeletesForRemove));
    }

    [Fact]
    public async Task Blocking_callers_on_every_thread_of_the_pool_get_their_answers()
    {
        await using LocalGrpcServer server = await LocalGrpcServer.StartAsync((_, _) => Task.FromResult<IMessage>(TierRig.Missing(TierRig.Key)));
        using TierRig rig = Rig(server.Address, o =>
        {
            o.Datastore.OperationTimeout = TimeSpan.FromSeconds(30);
            o.Resilience.Datastore.TotalTimeout = TimeSpan.FromMinutes(1);
        });
        ThreadPool.GetMinThreads(out int threads, out _);

        DurableRead[] reads = await Task.WhenAll(Enumerable.Range(0, 4 * threads).Select(_ => Task.Run(
            () =>
            {
                ValueTask<DurableRead> read = rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call(blocking: true));
                Assert.True(read.IsCompleted);
                return read.AsTask();
            },
            TestContext.Current.CancellationToken)));

        Assert.All(reads, read => Assert.Equal(3, read.Version));
    }

    [Fact]
    public void Making_a_tier_connects_to_nothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using TierRig rig = Rig(listener.LocalEndpoint.ToString()!);
        Assert.False(listener.Pending());
    }

    private static TierRig Rig(string address, Action<CascadeCacheOptions>? configure = null) => new(
        o =>
        {
            o.Datastore.EmulatorHost = address;
            o.Resilience.Datastore.MaxRetryAttempts = 2;
            configure?.Invoke(o);
        },
        TimeProvider.System,
        isScripted: false);

    private static string UnusedAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener.LocalEndpoint.ToString()!;
    }
}
