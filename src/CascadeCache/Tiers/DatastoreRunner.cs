using CascadeCache.Datastore;
using CascadeCache.Diagnostics;
using CascadeCache.Resilience;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace CascadeCache.Tiers;

/// <summary>
/// Runs the Datastore tier's operations through its pipelines, waiting as the caller waits, and turns what comes out into a reply or an exception
/// of this cache. Any thread.
/// </summary>
/// <remarks>
/// All operations go through the retrying pipeline: the judge decides per attempt, and of a write whose outcome is unknown it says no. Attempts fail by value; so a
/// pipeline's time-out never hides how far the attempt had got.
/// </remarks>
internal sealed class DatastoreRunner
{
    // Beyond the pipeline's own time-outs, which need a thread of the pool to fire.
    private static readonly TimeSpan BlockingGrace = TimeSpan.FromMilliseconds(500);

    private readonly DatastoreClient _client;
    private readonly TierResilience<DatastoreReply> _resilience;
    private readonly TimeProvider _time;
    private readonly CacheCounters _counters;
    private readonly TimeSpan _attemptLimit;
    private readonly TimeSpan _totalLimit;
    private readonly Func<string> _place;

    /// <param name="client">Sends the attempts.</param>
    /// <param name="tier">The tier's name in the log.</param>
    /// <param name="options">Its time-outs and retries.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="random">The jitter of the retries; null: the library's own.</param>
    /// <param name="counters">Where retries and failures are counted.</param>
    /// <param name="logger">Where they are told.</param>
    /// <param name="place">Where the entities are, for messages.</param>
    public DatastoreRunner(
        DatastoreClient client,
        string tier,
        CascadeCacheOptions options,
        TimeProvider timeProvider,
        Func<double>? random,
        CacheCounters counters,
        ILogger logger,
        Func<string> place)
    {
        _client = client;
        _time = timeProvider;
        _counters = counters;
        _attemptLimit = options.Datastore.OperationTimeout;
        _totalLimit = options.Resilience.Datastore.TotalTimeout;
        _place = place;
        _resilience = new TierResilience<DatastoreReply>(
            tier, options.Resilience.Datastore, _attemptLimit, Judge, timeProvider, random, counters, Counter.DatastoreRetries, logger);
    }

    public CircuitState CircuitState => _resilience.CircuitState;

    /// <exception cref="CascadeCacheException">The operation failed.</exception>
    /// <exception cref="OperationCanceledException">The caller's own token fired.</exception>
    public async ValueTask<DatastoreReply> RunAsync(DatastoreOperation operation)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(operation.Call.CancellationToken);
        try
        {
            if (operation.Call.Blocking)
            {
                return Succeeded(operation, RunBlocking(operation, context));
            }

            Outcome<DatastoreReply> outcome = await _resilience.Retrying
                .ExecuteOutcomeAsync(AttemptOutcomeAsync, context, (Runner: this, Operation: operation))
                .ConfigureAwait(false);
            return Succeeded(operation, outcome);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static FailureVerdict Judge(Outcome<DatastoreReply> outcome) =>
        outcome.Result.Failure?.Verdict
        ?? new FailureVerdict(outcome.Exception is TimeoutRejectedException, MayRetry: false, null, outcome.Exception?.GetType().Name ?? "");

    private static async ValueTask<Outcome<DatastoreReply>> AttemptOutcomeAsync(
        ResilienceContext context, (DatastoreRunner Runner, DatastoreOperation Operation) state)
    {
        DatastoreAttempt attempt = state.Runner.NewAttempt(state.Operation, context.CancellationToken);
        try
        {
            return Outcome.FromResult(await state.Operation.SendAsync(state.Runner._client, attempt).ConfigureAwait(false));
        }
#pragma warning disable CA1031 // Every failure is classified.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return state.Runner.Failed(state.Operation, attempt, e);
        }
    }

    private Outcome<DatastoreReply> RunBlocking(DatastoreOperation operation, ResilienceContext context)
    {
        try
        {
            return Outcome.FromResult(_resilience.RetryingBlocking.Execute(
                static (context, state) => state.Runner.AttemptBlocking(state.Operation, context.CancellationToken), context, (Runner: this, Operation: operation)));
        }
        catch (Exception e) when (e is BrokenCircuitException or TimeoutRejectedException or OperationCanceledException)
        {
            return Outcome.FromException<DatastoreReply>(e);
        }
    }

    /// <summary>
    /// Blocks the caller's thread until the attempt has ended. All that a waiter does itself happens on this thread; but the runtime's HTTP/2 stack reads
    /// its sockets, and its timers fire, on the thread pool. With a starved pool an answer therefore waits until the pool has grown by a thread, as it
    /// does by itself. The wait for one attempt ends by the kernel's clock, whatever the pool does, and so does the delay before a retry; nobody but this thread may be
    /// there to see that the time of the whole operation is over.
    /// </summary>
    private DatastoreReply AttemptBlocking(DatastoreOperation operation, CancellationToken cancellationToken)
    {
        if (operation.LastFailure is { } last && Remaining(operation) == TimeSpan.Zero)
        {
            return new DatastoreReply(default, default, DatastoreErrors.OutOfTime(_totalLimit, last, new TimeoutException()));
        }

        // Its own source: when the wait ends before the pool could fire the time-out, the call has to be told by this thread.
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        DatastoreAttempt attempt = NewAttempt(operation, abandoned.Token);
        Exception failure;
        try
        {
            Task<DatastoreReply> sent = operation.SendAsync(_client, attempt);
            if (WaitFor(sent, attempt.Timeout + BlockingGrace))
            {
                return sent.GetAwaiter().GetResult();
            }

            abandoned.Cancel();
            _ = sent.ContinueWith(static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            failure = new TimeoutException();
        }
#pragma warning disable CA1031 // Every failure is classified.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }

        Outcome<DatastoreReply> outcome = Failed(operation, attempt, failure);
        outcome.ThrowIfException();
        return outcome.Result;
    }

    /// <summary>Whether the task ended within the limit, well or badly.</summary>
    private static bool WaitFor(Task task, TimeSpan limit)
    {
        try
        {
            return task.Wait(limit);
        }
        catch (AggregateException)
        {
            return true; // its exception is the caller's to take from the task
        }
    }

    private DatastoreAttempt NewAttempt(DatastoreOperation operation, CancellationToken cancellationToken)
    {
        TimeSpan remaining = Remaining(operation);
        return new DatastoreAttempt(remaining < _attemptLimit ? remaining : _attemptLimit, _counters, operation.Billed, cancellationToken);
    }

    private TimeSpan Remaining(DatastoreOperation operation)
    {
        TimeSpan remaining = _totalLimit - _time.GetElapsedTime(operation.StartedAt);
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }

    private Outcome<DatastoreReply> Failed(DatastoreOperation operation, DatastoreAttempt attempt, Exception exception)
    {
        CancellationToken callers = operation.Call.CancellationToken;
        if (callers.IsCancellationRequested)
        {
            return Outcome.FromException<DatastoreReply>(new OperationCanceledException(callers));
        }

        DatastoreFailure failure = DatastoreErrors.Classify(exception, operation.Key, operation.IsWrite, attempt, Remaining(operation));
        operation.LastFailure = failure;
        return Outcome.FromResult(new DatastoreReply(default, default, failure));
    }

    private DatastoreReply Succeeded(DatastoreOperation operation, Outcome<DatastoreReply> outcome)
    {
        DatastoreFailure? failure = outcome.Exception switch
        {
            null => outcome.Result.Failure,
            BrokenCircuitException e => DatastoreErrors.CircuitOpen(operation.LastFailure, e),
            TimeoutRejectedException e => DatastoreErrors.OutOfTime(_totalLimit, operation.LastFailure, e),
            OperationCanceledException => throw new OperationCanceledException(operation.Call.CancellationToken),
            _ => DatastoreErrors.OutOfTime(_totalLimit, operation.LastFailure, outcome.Exception),
        };
        if (failure is null)
        {
            return outcome.Result;
        }

        _counters.Add(Counter.DatastoreFailures);
        throw failure.ToException($"{operation.Name} an entity {_place()}");
    }
}
