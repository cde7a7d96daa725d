using System.Runtime.CompilerServices;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.Resilience;
using Polly;
using Polly.CircuitBreaker;

namespace CascadeCache.Tiers;

/// <summary>One memcached server as the flow sees it: the client's node behind the server's own resilience pipelines.</summary>
internal sealed class MemcacheServer(MemcacheNode node, TierResilience<MemcacheReply> resilience) : IVolatileServer
{
    public string Name { get; } = node.Address.ToString();

    public bool IsStandIn => false;

    public TimeSpan? MinimumAge => node.MinimumServerAge;

    public bool IsConnected => node.IsConnected;

    public int WaitingRequests => node.WaitingRequests;

    public CircuitState CircuitState => resilience.CircuitState;

    public string? Version => node.ServerVersion?.ToString();

    public long MaxItemBytes(CacheKey key) => node.MaxValueBytes(new MemcacheKey(key.VolatileName));

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call)
    {
        var state = (node, Key: new MemcacheKey(key.VolatileName), Get: new MemcacheGet(withValue, leaseSeconds), Call: call);

        // A blocking caller goes to the next tier at once: the delay before a retry is a timer of the thread pool.
        ResiliencePipeline<MemcacheReply> pipeline = call.Blocking ? resilience.Once : resilience.Retrying;
        MemcacheReply reply = await RunAsync(
            pipeline,
            static (s, token) => s.node.GetAsync(s.Key, s.Get, s.Call with { CancellationToken = token }),
            state,
            call).ConfigureAwait(false);
        return ToRead(reply);
    }

    public ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call) =>
        StoreAsync(key, item, new CasToken(token.Cas, token.Epoch), call);

    public ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call) => StoreAsync(key, item, null, call);

    public async ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call)
    {
        CasToken? expected = token is { } t ? new CasToken(t.Cas, t.Epoch) : null;
        MemcacheReply reply = await RunAsync(
            resilience.Once,
            static (s, cancellation) => s.node.DeleteAsync(s.Key, s.expected, new CallContext(s.Blocking, cancellation)),
            (node, Key: new MemcacheKey(key.VolatileName), expected, call.Blocking),
            call).ConfigureAwait(false);
        return ToWrite(reply);
    }

    private async ValueTask<VolatileWrite> StoreAsync(CacheKey key, VolatileItem item, CasToken? token, CallContext call)
    {
        MemcacheReply reply = await RunAsync(
            resilience.Once,
            static (s, cancellation) => s.node.SetAsync(
                s.Key, s.item.Header, s.item.Payload, s.item.Flags, s.item.Seconds, s.token, new CallContext(s.Blocking, cancellation)),
            (node, Key: new MemcacheKey(key.VolatileName), item, token, call.Blocking),
            call).ConfigureAwait(false);
        return ToWrite(reply);
    }

    // A request that waits for the wire keeps the state of every method above it; on this path, that of every hit, it comes from a pool.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<MemcacheReply> RunAsync<TState>(
        ResiliencePipeline<MemcacheReply> pipeline, Func<TState, CancellationToken, ValueTask<MemcacheReply>> request, TState state, CallContext call)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false, call.CancellationToken);
        try
        {
            Outcome<MemcacheReply> outcome = await pipeline.ExecuteOutcomeAsync(
                [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))] static async ValueTask<Outcome<MemcacheReply>> (c, s) =>
                {
                    try
                    {
                        return Outcome.FromResult(await s.request(s.state, c.CancellationToken).ConfigureAwait(false));
                    }
                    catch (OperationCanceledException e)
                    {
                        return Outcome.FromException<MemcacheReply>(e);
                    }
                },
                context,
                (request, state)).ConfigureAwait(false);

            if (outcome.Exception is null)
            {
                return outcome.Result;
            }

            // Only the caller's own cancellation is the caller's; an open circuit and a time-out of ours are answers.
            call.CancellationToken.ThrowIfCancellationRequested();
            return MemcacheReply.Unavailable(MemcacheFault.TimedOut, maybeExecuted: true, outcome.Exception);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static VolatileRead ToRead(in MemcacheReply reply)
    {
        var token = new VolatileToken(reply.Token.Cas, reply.Token.Epoch);
        return reply.Status switch
        {
            MemcacheStatus.Hit => new VolatileRead(StatusOf(reply.Lease), token, reply.ClientFlags, reply.TimeToLive, reply.Value, reply.Loan, null),
            MemcacheStatus.Miss => new VolatileRead(VolatileStatus.Miss, default, 0, 0, default, default, null),
            _ => VolatileRead.Unavailable(reply.Error),
        };
    }

    private static VolatileStatus StatusOf(LeaseState lease) => lease switch
    {
        LeaseState.Won => VolatileStatus.LeaseWon,
        LeaseState.Held => VolatileStatus.LeaseHeld,
        _ => VolatileStatus.Hit,
    };

    private static VolatileWrite ToWrite(in MemcacheReply reply) => reply.Status switch
    {
        MemcacheStatus.Done => new VolatileWrite(VolatileWriteStatus.Done, new VolatileToken(reply.Token.Cas, reply.Token.Epoch)),
        MemcacheStatus.Conflict => new VolatileWrite(VolatileWriteStatus.Conflict),
        MemcacheStatus.NotFound => new VolatileWrite(VolatileWriteStatus.NotFound),
        MemcacheStatus.Refused => new VolatileWrite(VolatileWriteStatus.Refused, default, reply.Error),
        _ => new VolatileWrite(VolatileWriteStatus.Unavailable, default, reply.Error),
    };
}
