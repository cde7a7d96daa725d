using CascadeCache.Diagnostics;
using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.Resilience;
using CascadeCache.Tiers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Polly.CircuitBreaker;

namespace CascadeCache.Tests.Tiers;

/// <summary>What goes past the resilience pipelines still has all that they are for: retries, the circuit breaker's count, the limit of time.</summary>
public sealed class MemcacheCallsTests
{
    private static readonly TimeSpan OperationTimeout = TimeSpan.FromMilliseconds(500);

    private readonly FakeTimeProvider _time = new();
    private readonly Server _server = new();
    private readonly CascadeCacheOptions _options = new();
    private readonly TierResilience<MemcacheReply> _resilience;
    private readonly MemcacheCalls _calls;

    public MemcacheCallsTests()
    {
        TierResilienceOptions options = _options.Resilience.Memcache;
        options.RetryBaseDelay = TimeSpan.Zero;
        options.BreakerMinimumThroughput = 10;
        options.BreakerFailureRatio = 0.5;
        _resilience = new TierResilience<MemcacheReply>(
            "server", options, OperationTimeout, MemcacheTier.Judge, _time, static () => 0, new CacheCounters(), Counter.MemcacheRetries, NullLogger.Instance);
        _calls = new MemcacheCalls(_resilience, options.TotalTimeout, _time);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_to_a_server_that_is_well_is_sent_once_and_over_an_open_connection()
    {
        Assert.Equal(MemcacheStatus.Hit, await RunAsync(MemcacheStatus.Hit));
        Assert.Equal([true], _server.Direct);
    }

    [Fact]
    public async Task Without_an_open_connection_the_pipeline_makes_the_first_attempt_and_may_connect()
    {
        _server.Answers.Enqueue(MemcacheReply.Unavailable(MemcacheFault.NotConnected, maybeExecuted: false, null));

        Assert.Equal(MemcacheStatus.Hit, await RunAsync(MemcacheStatus.Hit));
        Assert.Equal([true, false], _server.Direct);
        Assert.Equal(CircuitState.Closed, _resilience.CircuitState);
    }

    [Theory]
    [InlineData(MemcacheFault.ConnectionLost, true, 2)]
    [InlineData(MemcacheFault.Violation, true, 2)]
    [InlineData(MemcacheFault.TimedOut, true, 1)]
    [InlineData(MemcacheFault.ConnectionLost, false, 1)]
    public async Task A_failure_is_the_first_attempt_of_the_pipeline(int fault, bool mayRepeat, int sent)
    {
        _server.Answers.Enqueue(Failed((MemcacheFault)fault));
        _server.MayRepeat = mayRepeat;

        MemcacheStatus status = await RunAsync(MemcacheStatus.Hit);

        Assert.Equal(sent == 2 ? MemcacheStatus.Hit : MemcacheStatus.Unavailable, status);
        Assert.Equal(sent, _server.Direct.Count);
    }

    [Fact]
    public async Task A_caller_that_blocks_is_not_kept_for_a_second_attempt()
    {
        _server.Answers.Enqueue(Failed(MemcacheFault.ConnectionLost));

        Assert.Equal(MemcacheStatus.Unavailable, await RunAsync(MemcacheStatus.Hit, blocking: true));
        Assert.Single(_server.Direct);
    }

    // The circuit opens when half of at least ten have failed: as many failures as successes.
    [Theory]
    [InlineData(0, 10)]
    [InlineData(3, 7)]
    [InlineData(5, 5)]
    [InlineData(20, 20)]
    [InlineData(200, 200)]
    public async Task The_circuit_breaker_counts_the_successes_that_went_past_it(int successes, int failures)
    {
        await SucceedAsync(successes);
        Assert.Equal(failures, await FailuresUntilOpenAsync());
    }

    [Fact]
    public async Task Successes_between_failures_count_as_they_come()
    {
        for (int i = 0; i < 50; i++)
        {
            await SucceedAsync(3);
            await FailAsync();
        }

        Assert.Equal(CircuitState.Closed, _resilience.CircuitState);
        Assert.Equal(100, await FailuresUntilOpenAsync());
    }

    [Fact]
    public async Task Without_them_it_would_open_for_a_server_that_fails_one_time_in_twenty()
    {
        for (int i = 0; i < 10; i++)
        {
            // A request past the pipeline of which the breaker is not told.
            _server.Answers.Enqueue(Failed(MemcacheFault.TimedOut));
            MemcacheReply failed = await new Request(_server).SendAsync(default);
            await _calls.GoOnAsync(new Request(_server), failed, _time.GetTimestamp(), CallContext.Async(Token));
        }

        Assert.Equal(CircuitState.Open, _resilience.CircuitState);
    }

    [Fact]
    public async Task Successes_of_long_ago_do_not_count()
    {
        await SucceedAsync(10_000);
        _time.Advance(_options.Resilience.Memcache.BreakerSamplingDuration * 1000);

        Assert.Equal(10, await FailuresUntilOpenAsync());
    }

    [Fact]
    public async Task An_open_circuit_sends_nothing_and_closes_after_a_trial()
    {
        await FailuresUntilOpenAsync();
        int sent = _server.Direct.Count;
        await SucceedAsync(1, MemcacheStatus.Unavailable);
        Assert.Equal((sent, false), (_server.Direct.Count, _resilience.IsClosed));

        _time.Advance(_options.Resilience.Memcache.BreakDuration);
        Assert.Equal(MemcacheStatus.Hit, await RunAsync(MemcacheStatus.Hit));

        Assert.Equal((CircuitState.Closed, true), (_resilience.CircuitState, _resilience.IsClosed));
        bool[] direct = await DirectOfNextAsync(sent);
        Assert.Equal([false, true], direct);
    }

    [Fact]
    public async Task Successes_that_end_after_the_circuit_has_opened_do_not_close_it()
    {
        await FailuresUntilOpenAsync();
        _resilience.Succeeded();

        Assert.Equal(MemcacheStatus.Unavailable, await RunAsync(MemcacheStatus.Hit));
        _time.Advance(_options.Resilience.Memcache.BreakDuration);
        _resilience.Succeeded();
        _server.Answers.Enqueue(Failed(MemcacheFault.TimedOut));
        Assert.Equal(MemcacheStatus.Unavailable, await RunAsync(MemcacheStatus.Hit));

        Assert.Equal(CircuitState.Open, _resilience.CircuitState);
    }

    [Fact]
    public async Task The_time_that_the_first_attempt_took_counts()
    {
        _server.Answers.Enqueue(Failed(MemcacheFault.ConnectionLost));
        long began = _time.GetTimestamp();
        MemcacheReply failed = await new Request(_server).SendAsync(default);
        TimeSpan total = _options.Resilience.Memcache.TotalTimeout;
        _time.Advance(total - TimeSpan.FromMilliseconds(1));
        _server.Hangs = true;
        Task<MemcacheReply> rest = _calls.GoOnAsync(new Request(_server), failed, began, CallContext.Async(Token)).AsTask();
        await _server.Hanging.Task.WaitAsync(Token);
        Assert.False(rest.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(1));

        MemcacheReply reply = await rest;
        Assert.Equal((MemcacheStatus.Unavailable, MemcacheFault.TimedOut), (reply.Status, reply.Fault));
    }

    [Fact]
    public async Task The_callers_own_cancellation_is_the_callers()
    {
        using var impatience = new CancellationTokenSource();
        _server.Answers.Enqueue(Failed(MemcacheFault.ConnectionLost));
        MemcacheReply failed = await new Request(_server).SendAsync(default);
        _server.Hangs = true;
        Task<MemcacheReply> rest = _calls.GoOnAsync(new Request(_server), failed, _time.GetTimestamp(), CallContext.Async(impatience.Token)).AsTask();
        await _server.Hanging.Task.WaitAsync(Token);

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rest);
    }

    private static MemcacheReply Failed(MemcacheFault fault) => MemcacheReply.Unavailable(fault, maybeExecuted: true, null);

    private async Task<MemcacheStatus> RunAsync(MemcacheStatus last, bool blocking = false)
    {
        _server.Answers.Enqueue(new MemcacheReply { Status = last });
        var request = new Request(_server);
        var call = new CallContext(blocking, Token);
        long began = _time.GetTimestamp();
        MemcacheReply reply = await _calls.SendAsync(request, call);
        MemcacheStatus status = _calls.IsFinal(reply) ? reply.Status : (await _calls.GoOnAsync(request, reply, began, call)).Status;
        _server.Answers.Clear();
        return status;
    }

    private async Task SucceedAsync(int times, MemcacheStatus expected = MemcacheStatus.Hit)
    {
        for (int i = 0; i < times; i++)
        {
            Assert.Equal(expected, await RunAsync(MemcacheStatus.Hit));
        }
    }

    private async Task FailAsync()
    {
        _server.Answers.Enqueue(Failed(MemcacheFault.TimedOut));
        Assert.Equal(MemcacheStatus.Unavailable, await RunAsync(MemcacheStatus.Hit));
    }

    private async Task<int> FailuresUntilOpenAsync()
    {
        int failures = 0;
        for (; _resilience.CircuitState == CircuitState.Closed; failures++)
        {
            await FailAsync();
        }

        return failures;
    }

    private async Task<bool[]> DirectOfNextAsync(int sent)
    {
        await RunAsync(MemcacheStatus.Hit);
        return [.. _server.Direct.Skip(sent)];
    }

    private sealed class Server
    {
        public Queue<MemcacheReply> Answers { get; } = new();

        public List<bool> Direct { get; } = [];

        public bool MayRepeat { get; set; } = true;

        public bool Hangs { get; set; }

        public TaskCompletionSource Hanging { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private readonly struct Request(Server server) : MemcacheCalls.IRequest
    {
        public bool MayRepeat => server.MayRepeat;

        public async ValueTask<MemcacheReply> SendAsync(CallContext call)
        {
            server.Direct.Add(call.IsDirect);
            if (server.Hangs)
            {
                server.Hanging.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.CancellationToken);
            }

            return server.Answers.Dequeue();
        }
    }
}
