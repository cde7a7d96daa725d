using BenchmarkDotNet.Attributes;
using CascadeCache.Diagnostics;
using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.Resilience;
using CascadeCache.Tiers;
using Microsoft.Extensions.Logging.Abstractions;
using Polly;

namespace CascadeCache.Benchmarks.Micro;

/// <summary>What does a request cost that goes past the resilience pipelines of its server, as it does while the server is well, and what through them? Both are answered at once.</summary>
[MemoryDiagnoser]
public class Resilience
{
    private readonly TierResilience<MemcacheReply> _resilience;
    private readonly MemcacheCalls _calls;

    public Resilience()
    {
        var options = new CascadeCacheOptions();
        _resilience = new TierResilience<MemcacheReply>(
            "benchmark",
            options.Resilience.Memcache,
            options.Memcache.OperationTimeout,
            static _ => default,
            TimeProvider.System,
            random: null,
            new CacheCounters(),
            Counter.MemcacheRetries,
            NullLogger.Instance);
        _calls = new MemcacheCalls(_resilience, options.Resilience.Memcache.TotalTimeout, TimeProvider.System);
    }

    [Benchmark(Baseline = true)]
    public async Task<int> Bare() => (int)(await new Answered().SendAsync(CallContext.Async(default))).Status;

    [Benchmark]
    public async Task<int> PastThePipelines()
    {
        MemcacheReply reply = await _calls.SendAsync(new Answered(), CallContext.Async(default));
        return _calls.IsFinal(reply) ? (int)reply.Status : throw new InvalidOperationException("An answer was none.");
    }

    [Benchmark]
    public async Task<int> ThroughTheRetryingPipeline() => (int)(await ThroughAsync(_resilience.Retrying)).Status;

    [Benchmark]
    public async Task<int> ThroughThePipelineOfOneAttempt() => (int)(await ThroughAsync(_resilience.Once)).Status;

    private static async ValueTask<MemcacheReply> ThroughAsync(ResiliencePipeline<MemcacheReply> pipeline)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false, CancellationToken.None);
        try
        {
            Outcome<MemcacheReply> outcome = await pipeline.ExecuteOutcomeAsync(
                static async (c, _) => Outcome.FromResult(await new Answered().SendAsync(CallContext.Async(c.CancellationToken))), context, 0);
            return outcome.Result;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private readonly struct Answered : MemcacheCalls.IRequest
    {
        public bool MayRepeat => true;

        public ValueTask<MemcacheReply> SendAsync(CallContext call) => ValueTask.FromResult(new MemcacheReply { Status = MemcacheStatus.Done });
    }
}
