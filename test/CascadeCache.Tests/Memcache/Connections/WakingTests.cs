using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Servers;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.Memcache.Connections;

/// <summary>
/// Where what callers do after a reply is short the connection's reader runs it itself; and whatever they do then, nobody else waits for it for long. Time stands still but where a test moves it, so that everything is
/// short; the test itself runs on the reader as soon as it is trusted.
/// </summary>
public sealed class WakingTests : IAsyncLifetime
{
    // From one look that finds the reader where it was on the one before, to the one that relieves it.
    private const int LooksUntilRelief = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new();
    private readonly AsyncLocal<string?> _local = new();
    private readonly HeldWatch _held = new();
    private readonly PatientServer _server = new();
    private readonly MemcacheFixture _client;

    public WakingTests()
    {
        _client = NewClient(_server.Host);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _local.Value = "of the first caller, for whom the connection is made";
        Task first = _client.GetAsync("first");
        _local.Value = null;
        await _server.AcceptAsync(Token);
        await first;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _held.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public Task What_is_short_runs_on_the_reader() => AwayFromTheTestAsync(async () =>
    {
        await GetUntilOnReaderAsync();
        Thread reader = Thread.CurrentThread;
        Assert.StartsWith("memcached:", reader.Name, StringComparison.Ordinal);

        for (int i = 0; i < 100; i++)
        {
            await GetAsync("k");
            Assert.Same(reader, Thread.CurrentThread);
        }
    });

    [Fact]
    public Task What_is_long_runs_on_the_pool() => AwayFromTheTestAsync(async () =>
    {
        for (int i = 0; i < 5000; i++)
        {
            await GetAsync("k");
            Assert.True(Thread.CurrentThread.IsThreadPoolThread);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }
    });

    [Fact]
    public Task What_becomes_long_goes_back_to_the_pool() => AwayFromTheTestAsync(async () =>
    {
        await GetUntilOnReaderAsync();
        for (int i = 0; i < 20; i++)
        {
            await GetAsync("k");
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        await GetAsync("k");
        Assert.True(Thread.CurrentThread.IsThreadPoolThread);
    });

    [Fact]
    public Task Without_anybody_who_watches_nothing_runs_on_the_reader() => AwayFromTheTestAsync(async () =>
    {
        await GetUntilOnReaderAsync();
        await Task.Yield();

        _held.LookTimes(25);
        _held.LookAndEnd(); // the reader had nothing to do all the time, and is not looked after any more

        await GetAsync("k");
        Assert.True(Thread.CurrentThread.IsThreadPoolThread);
        await GetUntilOnReaderAsync();
    });

    // The one that waits is the reader itself: without the third look it would wait for ever.
    [Fact]
    public Task Who_blocks_the_reader_is_left_alone_and_another_one_reads_on() => AwayFromTheTestAsync(async () =>
    {
        await GetUntilOnReaderAsync();
        Thread reader = Thread.CurrentThread;
        Task<MemcacheReply> next = GetAsync("next");

        _held.LookTimes(LooksUntilRelief - 1);
        Assert.False(next.IsCompleted);
        _held.Let(1);
        Assert.True(next.Wait(Patience, Token));

        Assert.Same(reader, Thread.CurrentThread);
        await Task.Yield();
        for (int i = 0; i < 500; i++)
        {
            await GetAsync("k");
            Assert.True(Thread.CurrentThread.IsThreadPoolThread); // for a while nobody is trusted
        }
    });

    [Fact]
    public Task A_call_that_blocks_on_the_reader_gets_its_reply() => AwayFromTheTestAsync(async () =>
    {
        await GetUntilOnReaderAsync();

        _held.Let(LooksUntilRelief);
        Task<MemcacheReply> reply = _client.Node.GetAsync(MemcacheFixture.Key("k"), new MemcacheGet(true, 0), CallContext.Sync).AsTask();

        Assert.True(reply.IsCompleted);
        Assert.Equal(MemcacheStatus.Miss, (await reply).Status);
    });

    [Fact]
    public Task Those_whose_replies_came_together_with_that_of_one_who_blocks_go_on_without_him() => AwayFromTheTestAsync(async () =>
    {
        await GetUntilOnReaderAsync();
        using var end = new ManualResetEventSlim();
        using var blocks = new ManualResetEventSlim();
        _server.Hold();
        Task first = BlockAfterAsync(blocks, end);
        Task<MemcacheReply> second = GetAsync("second");
        Task<MemcacheReply> third = GetAsync("third");
        await Task.Yield(); // the reader has to read again
        await _server.ReleaseAsync(3, Token);
        Assert.True(blocks.Wait(Patience, Token));

        _held.LookTimes(LooksUntilRelief - 1);
        Assert.False(second.IsCompleted || third.IsCompleted);
        _held.Let(1);
        await second.WaitAsync(Patience, Token);
        await third.WaitAsync(Patience, Token);

        Assert.False(first.IsCompleted);
        end.Set();
        await first;
        await GetAsync("k");
    });

    [Fact]
    public Task Who_has_its_reply_does_not_wait_for_the_rest_of_the_next_one() => AwayFromTheTestAsync(async () =>
    {
        await GetUntilOnReaderAsync();
        _server.Hold();
        Task<MemcacheReply> first = GetAsync("first");
        Task<MemcacheReply> second = GetAsync("second");
        await Task.Yield();
        string replies = await _server.TakeAsync(2, Token);
        await _server.SendAsync(replies.Replace("EN ksecond", "VA 2 c1 f0 t9 ksecond", StringComparison.Ordinal));

        await first.WaitAsync(Patience, Token);
        Assert.False(second.IsCompleted);
        await _server.SendAsync("ab\r\n");
        Assert.Equal("ab", MemcacheFixture.Text(await second.WaitAsync(Patience, Token)));
        await GetAsync("k").WaitAsync(Patience, Token); // none that follow is passed over
    });

    [Fact]
    public Task What_all_who_are_woken_ask_of_another_server_goes_out_together() => AwayFromTheTestAsync(async () =>
    {
        await using var server = new ScriptedServer();
        using MemcacheFixture other = NewClient(server.Host);
        ScriptedConnection connection = await ConnectAsync(other, server);
        await GetUntilOnReaderAsync();
        _server.Hold();
        Task<int>[] callers = [.. Enumerable.Range(0, 4).Select(i => ThenAskAsync(other, i, connection))];
        await Task.Yield(); // the reader has to read again
        await _server.ReleaseAsync(callers.Length, Token);

        await AnswerAsync(connection, callers.Length);
        Assert.All(await Task.WhenAll(callers), static sent => Assert.Equal(0, sent));
    });

    // The one who waits for the other server is the reader that would have sent the question to it.
    [Fact]
    public Task What_one_has_asked_of_another_server_who_then_blocks_is_sent() => AwayFromTheTestAsync(async () =>
    {
        await using var server = new ScriptedServer();
        using MemcacheFixture other = NewClient(server.Host);
        ScriptedConnection connection = await ConnectAsync(other, server);
        await GetUntilOnReaderAsync();
        _server.Hold();
        Task<MemcacheReply>[] waiting = [GetAsync("first"), GetAsync("second"), GetAsync("third")];
        Task<bool> blocked = BlockOnAsync(other);
        await Task.Yield(); // the reader has to read again
        await _server.ReleaseAsync(waiting.Length + 1, Token);

        await Task.WhenAll(waiting).WaitAsync(Patience, Token);
        _held.Let(LooksUntilRelief);
        await AnswerAsync(connection, 1);
        Assert.True(await blocked.WaitAsync(Patience, Token));
    });

    [Fact]
    public Task A_connection_that_is_closed_while_its_reader_is_blocked_ends_as_any_other() => AwayFromTheTestAsync(async () =>
    {
        await GetUntilOnReaderAsync();
        _server.Hold();
        Task<MemcacheReply> next = GetAsync("next");

        _client.Dispose();
        _held.Let(LooksUntilRelief);

        Assert.True(next.Wait(Patience, Token));
        MemcacheReply reply = await next;
        Assert.Equal((MemcacheStatus.Unavailable, true), (reply.Status, reply.MaybeExecuted));
    });

    [Fact]
    public Task What_one_leaves_on_the_thread_the_next_does_not_find() => AwayFromTheTestAsync(async () =>
    {
        await GetUntilOnReaderAsync();
        await Task.Yield();
        for (int i = 0; i < 2; i++)
        {
            var found = new TaskCompletionSource<(string?, SynchronizationContext?, bool)>(TaskCreationOptions.RunContinuationsAsynchronously);
            _server.Hold();
            GetAsync("k").ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() =>
            {
                found.SetResult((_local.Value, SynchronizationContext.Current, Thread.CurrentThread.IsThreadPoolThread));
                _local.Value = "of the last one who was woken";
                SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
            });
            await _server.ReleaseAsync(1, Token);
            Assert.Equal((null, null, false), await found.Task.ConfigureAwait(false));
        }
    });

    private static async Task<ScriptedConnection> ConnectAsync(MemcacheFixture client, ScriptedServer server)
    {
        Task first = client.GetAsync("first");
        ScriptedConnection connection = await server.NextGreetedAsync(Token);
        await AnswerAsync(connection, 1);
        await first;
        return connection;
    }

    private static async Task AnswerAsync(ScriptedConnection connection, int count)
    {
        for (int i = 0; i < count; i++)
        {
            await connection.WriteAsync(PatientServer.Miss((await connection.ReadLineAsync())!));
        }
    }

    private static async Task BlockAsync(Task<MemcacheReply> reply, ManualResetEventSlim blocks, ManualResetEventSlim end)
    {
        await reply.ConfigureAwait(false);
        blocks.Set();
        end.Wait(Patience, Token);
    }

    // Where nothing brings what is awaited back to the test's own threads.
    private static Task AwayFromTheTestAsync(Func<Task> test) => Task.Run(test, Token);

    private Task BlockAfterAsync(ManualResetEventSlim blocks, ManualResetEventSlim end) => BlockAsync(GetAsync("first"), blocks, end);

    /// <returns>How many bytes the other server had when the caller had asked it.</returns>
    private async Task<int> ThenAskAsync(MemcacheFixture other, int index, ScriptedConnection connection)
    {
        await GetAsync("a" + index).ConfigureAwait(false);
        Task<MemcacheReply> reply = other.GetAsync("b" + index);
        int sent = connection.Available;
        await reply.ConfigureAwait(false);
        return sent;
    }

    private async Task<bool> BlockOnAsync(MemcacheFixture other)
    {
        await GetAsync("fourth").ConfigureAwait(false);
        return other.GetAsync("b").Wait(Patience, Token);
    }

    private MemcacheFixture NewClient(string host) => new(host, static o => o.OperationTimeout = TimeSpan.FromHours(1), time: _time, watch: _held.Watch);

    private Task<MemcacheReply> GetAsync(string key) =>
        _client.Node.GetAsync(MemcacheFixture.Key(key), new MemcacheGet(true, 0), CallContext.Async(CancellationToken.None)).AsTask();

    private async Task GetUntilOnReaderAsync()
    {
        for (int i = 0; i < 100_000; i++)
        {
            await GetAsync("k").ConfigureAwait(false);
            if (!Thread.CurrentThread.IsThreadPoolThread)
            {
                return;
            }
        }

        Assert.Fail("The reader was never trusted.");
    }
}
