using System.Buffers;
using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Processes;
using CascadeCache.TestKit.Servers;
using CascadeCache.TestKit.Values;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.Memcache;

/// <summary>Many large values for a server that does not keep up: few of them are copied at a time, the others wait for their turn, and none is lost or sent after its caller has gone.</summary>
public sealed class LargeWritesTests
{
    // More than the system takes for a server that does not read, and what the connection takes besides.
    private const int Writers = 100;

    private const int Rounds = 20;

    private static readonly int[] Sizes = [10, 30_000, 33_000, 200_000, 1_000_000];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly byte[] Large = new byte[1_000_000];
    private static readonly string[] Roomy = ["-m", "256"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_are_stored_when_the_server_goes_on_and_a_small_request_waits_for_few_of_them()
    {
        await using RealMemcached server = await RealMemcached.StartAsync(Roomy);
        using MemcacheFixture client = await ConnectAsync(server);
        server.Pause();
        Task<MemcacheReply>[] writes = SetMany(client);
        Task<MemcacheReply> small = client.GetAsync("small");

        Assert.InRange(client.Node.WaitingRequests, 2, Writers / 2);
        Assert.All(writes.Append(small), static w => Assert.False(w.IsCompleted));

        server.Resume();
        Assert.All(await Task.WhenAll(writes), static reply => Assert.Equal(MemcacheStatus.Done, reply.Status));
        Assert.Equal(MemcacheStatus.Miss, (await small).Status);
        for (int i = 0; i < Writers; i++)
        {
            MemcacheReply reply = await client.GetAsync($"k{i}");
            Assert.Equal(Large.Length + 1, reply.Value.Length);
            reply.Loan.Dispose();
        }
    }

    [Fact]
    public async Task Who_blocks_does_not_wait_for_those_who_await()
    {
        await using RealMemcached server = await RealMemcached.StartAsync(Roomy);
        using MemcacheFixture client = await ConnectAsync(server);
        server.Pause();
        Task<MemcacheReply>[] writes = SetMany(client);
        var copied = new TaskCompletionSource();
        using var value = new WatchedMemory(Large.Length, () => copied.TrySetResult());

        Task<MemcacheReply> blocking = Task.Factory.StartNew(
            () => SetAsync(client, "k", CallContext.Sync, new ReadOnlySequence<byte>(value.Memory)).GetAwaiter().GetResult(), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        await Task.WhenAny(copied.Task, blocking);
        Assert.False(blocking.IsCompleted);
        server.Resume();
        Assert.All(await Task.WhenAll(writes.Append(blocking)), static reply => Assert.Equal(MemcacheStatus.Done, reply.Status));
    }

    [Fact]
    public async Task Who_gives_up_while_waiting_is_not_sent_and_keeps_nobody_waiting()
    {
        await using RealMemcached server = await RealMemcached.StartAsync(Roomy);
        using MemcacheFixture client = await ConnectAsync(server);
        server.Pause();
        using var patience = new CancellationTokenSource();
        List<Task<MemcacheReply>> writes = [.. SetMany(client)];
        var lent = new LentSequence(Large);
        Task<MemcacheReply> given = SetAsync(client, "given-up", CallContext.Async(patience.Token), lent.Bytes);
        writes.Add(SetAsync(client, "after-it"));

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        lent.TakeBack();

        server.Resume();
        Assert.All(await Task.WhenAll(writes), static reply => Assert.Equal(MemcacheStatus.Done, reply.Status));
        Assert.Equal(MemcacheStatus.Miss, (await client.GetAsync("given-up")).Status);
        Assert.Equal(0, lent.LateUses);
    }

    [Fact]
    public async Task Whose_turn_does_not_come_in_time_is_told_that_nothing_was_sent()
    {
        var time = new FakeTimeProvider();
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host, time: time);
        TimeSpan limit = client.Options.OperationTimeout;
        Task<MemcacheReply> first = client.GetAsync("first");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();
        Task<MemcacheReply>[] writes = SetMany(client);
        time.Advance(limit * 0.6);
        await connection.WriteAsync("EN kfirst O1\r\n"); // it is slow, but not silent
        await first;

        time.Advance(limit * 0.4);

        MemcacheReply[] replies = await Task.WhenAll(writes[(Writers / 2)..]);
        Assert.All(replies, static reply => Assert.Equal((MemcacheStatus.Unavailable, MemcacheFault.Overloaded, false), (reply.Status, reply.Fault, reply.MaybeExecuted)));
        Assert.Contains("reads too slowly", replies[0].Error!.Message, StringComparison.Ordinal);
        Assert.True(client.Node.IsConnected);
    }

    [Fact]
    public async Task When_the_connection_ends_those_who_wait_are_told_that_nothing_was_sent()
    {
        await using var server = new ScriptedServer();
        using var client = new MemcacheFixture(server.Host, time: new FakeTimeProvider());
        Task<MemcacheReply> first = client.GetAsync("first");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await connection.ReadLineAsync();
        Task<MemcacheReply>[] writes = SetMany(client);

        connection.Dispose();

        MemcacheReply[] replies = await Task.WhenAll(writes.Append(first)).WaitAsync(Patience, Token);
        Assert.All(replies, static reply => Assert.Equal((MemcacheStatus.Unavailable, MemcacheFault.ConnectionLost), (reply.Status, reply.Fault)));
        Assert.InRange(replies.Count(static reply => !reply.MaybeExecuted), Writers / 2, Writers - 1);
    }

    [Fact]
    public async Task A_value_that_cannot_be_read_keeps_nobody_waiting()
    {
        await using RealMemcached server = await RealMemcached.StartAsync(Roomy);
        using MemcacheFixture client = await ConnectAsync(server);

        using (var unreadable = WatchedMemory.Unreadable(Large.Length))
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => SetAsync(client, "k", MemcacheFixture.Call, new ReadOnlySequence<byte>(unreadable.Memory)));
        }

        Assert.Equal(MemcacheStatus.Done, (await SetAsync(client, "k")).Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Of_any_mixture_each_value_is_its_own_and_no_room_is_lost(int seed)
    {
        await using RealMemcached server = await RealMemcached.StartAsync(Roomy);
        using MemcacheFixture client = await ConnectAsync(server);

        int[] givenUp = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Task.Factory.StartNew(
            () => WriteAndReadAsync(client, i, isBlocking: i % 4 == 0, new Random((seed * 1000) + i)).GetAwaiter().GetResult(), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        Assert.InRange(givenUp.Sum(), 1, 24 * Rounds / 2);
        Assert.All(await Task.WhenAll(SetMany(client)), static reply => Assert.Equal(MemcacheStatus.Done, reply.Status));
    }

    private static async Task<MemcacheFixture> ConnectAsync(RealMemcached server)
    {
        var client = new MemcacheFixture(server.Host);
        await client.GetAsync("connects");
        return client;
    }

    private static Task<MemcacheReply>[] SetMany(MemcacheFixture client) => [.. Enumerable.Range(0, Writers).Select(i => SetAsync(client, $"k{i}"))];

    // Small values, some that just have to wait, and some that fill the room; half of those who await have little patience. What is lent is taken back when the call has ended.
    private static async Task<int> WriteAndReadAsync(MemcacheFixture client, int writer, bool isBlocking, Random random)
    {
        int givenUp = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] bytes = new byte[Sizes[random.Next(Sizes.Length)]];
            random.NextBytes(bytes);
            var lent = new LentSequence(bytes);
            using var patience = new CancellationTokenSource();
            if (!isBlocking && random.Next(2) == 0)
            {
                patience.CancelAfter(TimeSpan.FromMilliseconds(random.Next(4)));
            }

            try
            {
                CallContext call = isBlocking ? CallContext.Sync : CallContext.Async(patience.Token);
                MemcacheReply set = await SetAsync(client, $"w{writer}.{round}", call, lent.Bytes);
                Assert.Equal(MemcacheStatus.Done, set.Status);
                lent.TakeBack();
                MemcacheReply get = await client.GetAsync($"w{writer}.{round}");
                using Loan loan = get.Loan;
                Assert.True(get.Value.Span[1..].SequenceEqual(bytes));
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested)
            {
                lent.TakeBack();
                givenUp++;
            }

            Assert.Equal(0, lent.LateUses);
        }

        return givenUp;
    }

    private static Task<MemcacheReply> SetAsync(MemcacheFixture client, string key, CallContext? call = null, ReadOnlySequence<byte>? value = null) =>
        client.Node.SetAsync(MemcacheFixture.Key(key), "H"u8.ToArray(), value ?? new ReadOnlySequence<byte>(Large), 0, 100, null, call ?? MemcacheFixture.Call).AsTask();
}
