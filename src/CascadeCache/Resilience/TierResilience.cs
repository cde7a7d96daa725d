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
    private readonly CircuitBreakerStateProvider _breakerState = new();

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
        var log = new CircuitLog(tier, _breakerState, logger);
        ResiliencePipeline<T> attempt = new ResiliencePipelineBuilder<T> { TimeProvider = timeProvider }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<T>
            {
                ShouldHandle = args =>
                {
                    bool isFailure = judge(args.Outcome).IsFailure;
                    log.Ended(isFailure);
                    return ValueTask.FromResult(isFailure);
                },
                FailureRatio = options.BreakerFailureRatio,
                MinimumThroughput = options.BreakerMinimumThroughput,
                SamplingDuration = options.BreakerSamplingDuration,
                BreakDurationGenerator = _ =>
                {
                    log.Opening(options.BreakDuration);
                    return ValueTask.FromResult(options.BreakDuration);
                },
                StateProvider = _breakerState,
            })
            .AddTimeout(attemptTimeout)
            .Build();

        Once = new ResiliencePipelineBuilder<T> { TimeProvider = timeProvider }
            .AddTimeout(options.TotalTimeout)
            .AddPipeline(attempt)
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
                .AddPipeline(attempt)
                .Build();
    }

    /// <summary>For operations that must not be sent twice.</summary>
    public ResiliencePipeline<T> Once { get; }

    /// <summary>For operations that may be sent again after a failure of which the judge says so.</summary>
    public ResiliencePipeline<T> Retrying { get; }

    /// <summary>The same for callers that block: the delay before a retry needs no thread of the pool, and is not cut short by the total time-out.</summary>
    public ResiliencePipeline<T> RetryingBlocking { get; }

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
