using System.Diagnostics.CodeAnalysis;
using CascadeCache.Diagnostics;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace CascadeCache.Resilience;

/// <summary>What a tier tells its pipelines about a failed attempt.</summary>
/// <param name="IsFailure">Whether the attempt counts against the circuit breaker: the tier did not answer or is overloaded.</param>
/// <param name="MayRetry">Whether trying again is safe and can help.</param>
/// <param name="RetryAfter">The delay that the service asked for, if any.</param>
/// <param name="Reason">What happened, for the log.</param>
internal readonly record struct FailureVerdict(bool IsFailure, bool MayRetry, TimeSpan? RetryAfter, string Reason);

/// <summary>
/// Builds the pipelines of one tier or server. Outer to inner: total time-out, retry, circuit breaker, attempt time-out. Operations that may be tried
/// again and those that may not have a pipeline each, over one circuit breaker.
/// </summary>
internal sealed class TierResilience<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] T>
{
    // More than this changes no verdict that matters: the circuit of a tier that has answered so often opens when it fails as often.
    private const int MaxSuccessesTold = 1000;

    private readonly CircuitBreakerStateProvider _breakerState = new();
    private readonly CircuitLog _log;
    private readonly ResiliencePipeline<T> _attempt;
    private readonly TimeProvider _time;
    private readonly TimeSpan _sampling;
    private long _successes;
    private long _successesSince;

    public TierResilience(
        string tier,
        TierResilienceOptions options,
        TimeSpan attemptTimeout,
        Func<Outcome<T>, FailureVerdict> judge,
        TimeProvider timeProvider,
        Func<double>? random,
        CacheCounters counters,
        Counter retries,
        ILogger logger)
    {
        (_time, _sampling, _successesSince) = (timeProvider, options.BreakerSamplingDuration, timeProvider.GetTimestamp());
        _log = new CircuitLog(tier, _breakerState, logger);
        _attempt = new ResiliencePipelineBuilder<T> { TimeProvider = timeProvider }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<T>
            {
                ShouldHandle = args =>
                {
                    bool isFailure = judge(args.Outcome).IsFailure;
                    _log.Ended(isFailure);
                    return ValueTask.FromResult(isFailure);
                },
                FailureRatio = options.BreakerFailureRatio,
                MinimumThroughput = options.BreakerMinimumThroughput,
                SamplingDuration = options.BreakerSamplingDuration,
                BreakDurationGenerator = _ =>
                {
                    _log.Opening(options.BreakDuration);
                    return ValueTask.FromResult(options.BreakDuration);
                },
                StateProvider = _breakerState,
            })
            .AddTimeout(attemptTimeout)
            .Build();

        Once = new ResiliencePipelineBuilder<T> { TimeProvider = timeProvider }
            .AddTimeout(options.TotalTimeout)
            .AddPipeline(_attempt)
            .Build();

        Retrying = Retry(timeProvider);
        RetryingBlocking = Retry(timeProvider == TimeProvider.System ? new TimeOnTheSpot() : timeProvider);

        ResiliencePipeline<T> Retry(TimeProvider delays) => options.MaxRetryAttempts == 0
            ? Once
            : new ResiliencePipelineBuilder<T> { TimeProvider = timeProvider }
                .AddTimeout(options.TotalTimeout)
                .AddPipeline(new ResiliencePipelineBuilder<T> { TimeProvider = delays }
                    .AddRetry(RetryOptions(tier, options, judge, random, counters, retries, logger))
                    .Build())
                .AddPipeline(_attempt)
                .Build();
    }

    /// <summary>For operations that must not be sent twice.</summary>
    public ResiliencePipeline<T> Once { get; }

    /// <summary>For operations that may be sent again after a failure of which the judge says so.</summary>
    public ResiliencePipeline<T> Retrying { get; }

    /// <summary>The same for callers that block: the delay before a retry needs no thread of the pool, and is not cut short by the total time-out.</summary>
    public ResiliencePipeline<T> RetryingBlocking { get; }

    /// <summary>
    /// Whether a request may be sent past the pipelines: the circuit is closed. Whoever does so sees to its time-out, tells <see cref="Succeeded"/>, and takes a failure through a pipeline as its first
    /// attempt. The pipelines are made for what fails; most requests to a cache do not, and would cost more there than on the wire.
    /// </summary>
    public bool IsClosed => !_log.IsOpen;

    /// <summary>A request that went past the pipelines was answered. The circuit breaker is told when it has to decide something: with the next failure.</summary>
    public void Succeeded() => Interlocked.Increment(ref _successes);

    /// <summary>Tells the circuit breaker of the requests that were answered past it; to be called before a failure is.</summary>
    /// <param name="success">The outcome of one of them.</param>
    public void TellSuccesses(T success)
    {
        long since = Interlocked.Exchange(ref _successesSince, _time.GetTimestamp());
        long count = Interlocked.Exchange(ref _successes, 0);
        TimeSpan elapsed = _time.GetElapsedTime(since);

        // Those of before the time over which it counts are not told. When each of them was is not known: they came evenly.
        double recent = elapsed > _sampling ? count * (_sampling / elapsed) : count;
        for (int told = 0; told < Math.Min(recent, MaxSuccessesTold) && IsClosed; told++)
        {
            try
            {
                _attempt.Execute(static s => s, success);
            }
            catch (BrokenCircuitException)
            {
                return; // it has just opened, and counts nothing now
            }
        }
    }

    /// <summary>The circuit breaker's state, for people.</summary>
    public CircuitState CircuitState => _breakerState.CircuitState;

    private static RetryStrategyOptions<T> RetryOptions(
        string tier,
        TierResilienceOptions options,
        Func<Outcome<T>, FailureVerdict> judge,
        Func<double>? random,
        CacheCounters counters,
        Counter retries,
        ILogger logger)
    {
        var retry = new RetryStrategyOptions<T>
        {
            ShouldHandle = args => ValueTask.FromResult(judge(args.Outcome).MayRetry),
            MaxRetryAttempts = options.MaxRetryAttempts,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = options.RetryBaseDelay,
            MaxDelay = options.RetryMaxDelay,

            // Null leaves the delay to the exponential back-off; what the service asks for is a minimum that it knows better.
            DelayGenerator = args => ValueTask.FromResult(judge(args.Outcome).RetryAfter),
            OnRetry = args =>
            {
                counters.Add(retries);
                CascadeLog.Retrying(logger, tier, judge(args.Outcome).Reason, args.AttemptNumber + 1, args.RetryDelay);
                return default;
            },
        };
        if (random is not null)
        {
            retry.Randomizer = random;
        }

        return retry;
    }
}
