using CascadeCache.Diagnostics;
using CascadeCache.Flow;
using CascadeCache.TestKit.Fakes;
using CascadeCache.TestKit.Interleavings;

namespace CascadeCache.Tests.Flow;

public sealed class BackgroundWorkTests
{
    private const int Capacity = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CacheCounters _counters = new();
    private readonly LogIds _log = new();

    [Fact]
    public async Task Of_one_name_one_piece_runs_at_a_time_and_another_one_afterwards()
    {
        await using BackgroundWork background = Start();
        var gate = new TaskCompletionSource();
        int runs = 0;
        background.TryRun("a", async _ =>
        {
            Interlocked.Increment(ref runs);
            await gate.Task;
        });
        background.TryRun("a", _ => Count(ref runs));
        gate.SetResult();
        await background.WhenIdleAsync();
        Assert.Equal(1, runs);

        background.TryRun("a", _ => Count(ref runs));
        await background.WhenIdleAsync();
        Assert.Equal(2, runs);
    }

    [Fact]
    public async Task What_goes_beyond_the_capacity_is_left_out()
    {
        await using BackgroundWork background = Start();
        var gate = new TaskCompletionSource();
        int runs = 0;
        for (int i = 0; i < Capacity + 1; i++)
        {
            background.TryRun($"{i}", async _ =>
            {
                Interlocked.Increment(ref runs);
                await gate.Task;
            });
        }

        gate.SetResult();
        await background.WhenIdleAsync();

        Assert.Equal(Capacity, runs);
    }

    [Fact]
    public async Task A_failure_is_counted_and_logged_and_ends_nothing_else()
    {
        await using BackgroundWork background = Start();

        background.TryRun("a", _ => throw new InvalidOperationException("no"));
        background.TryRun("b", _ => throw new OperationCanceledException("not on account of the end"));
        await background.WhenIdleAsync();

        Assert.Equal(2, _counters.Get(Counter.BackgroundFailures));
        Assert.Equal(2, _log.Count(8));
    }

    [Fact]
    public async Task The_end_cancels_what_runs_and_waits_for_it()
    {
        BackgroundWork background = Start();
        var started = new TaskCompletionSource();
        bool ended = false;
        background.TryRun("a", async call =>
        {
            started.SetResult();
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.CancellationToken);
            }
            finally
            {
                await Task.Yield();
                ended = true;
            }
        });
        await started.Task;

        await background.DisposeAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.True(ended);
        Assert.Equal(0, _counters.Get(Counter.BackgroundFailures));
    }

    [Fact]
    public async Task After_the_end_nothing_starts_and_a_second_end_is_none()
    {
        BackgroundWork background = Start();
        await background.DisposeAsync();
        await background.DisposeAsync();
        int runs = 0;

        background.TryRun("a", _ => Count(ref runs));
        await background.WhenIdleAsync();

        Assert.Equal(0, runs);
    }

    [Fact]
    public async Task Each_piece_starts_when_the_scheduler_that_was_given_wants_it()
    {
        var queued = new List<Action>();
        await using var background = new BackgroundWork(_counters, _log, new InlineScheduler(queued.Add));
        int runs = 0;

        background.TryRun("a", _ => Count(ref runs));
        Action start = Assert.Single(queued);
        Assert.Equal((0, 1), (runs, background.Count));

        start();
        await background.WhenIdleAsync();
        Assert.Equal((1, 0), (runs, background.Count));
    }

    private static ValueTask Count(ref int runs)
    {
        Interlocked.Increment(ref runs);
        return ValueTask.CompletedTask;
    }

    private BackgroundWork Start() => new(_counters, _log);
}
