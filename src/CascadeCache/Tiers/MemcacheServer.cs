using System.Runtime.CompilerServices;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.Resilience;
using Polly.CircuitBreaker;

namespace CascadeCache.Tiers;

/// <summary>One memcached server as the flow sees it: the client's node behind the server's own resilience pipelines.</summary>
internal sealed class MemcacheServer(MemcacheNode node, TierResilience<MemcacheReply> resilience, TimeSpan totalTimeout, TimeProvider time) : IVolatileServer
{
    private readonly MemcacheCalls _calls = new(resilience, totalTimeout, time);

    public string Name { get; } = node.Address.ToString();

    public bool IsStandIn => false;

    public TimeSpan? MinimumAge => node.MinimumServerAge;

    public bool IsConnected => node.IsConnected;

    public int WaitingRequests => node.WaitingRequests;

    public CircuitState CircuitState => resilience.CircuitState;

    public string? Version => node.ServerVersion?.ToString();

    public long MaxItemBytes(CacheKey key) => node.MaxValueBytes(new MemcacheKey(key.VolatileName));

    // A request that waits for the wire keeps the state of every method above it; on this path, that of every hit, it comes from a pool.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call)
    {
        var request = new ReadRequest(node, new MemcacheKey(key.VolatileName), new MemcacheGet(withValue, leaseSeconds));
        long began = time.GetTimestamp();
        MemcacheReply reply = await _calls.SendAsync(request, call).ConfigureAwait(false);
        return ToRead(_calls.IsFinal(reply) ? reply : await _calls.GoOnAsync(request, reply, began, call).ConfigureAwait(false));
    }

    public ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call) =>
        StoreAsync(key, item, new CasToken(token.Cas, token.Epoch), call);

    public ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call) => StoreAsync(key, item, null, call);

    public ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call) =>
        ChangeAsync(new DeleteRequest(node, new MemcacheKey(key.VolatileName), token is { } t ? new CasToken(t.Cas, t.Epoch) : null), call);

    private ValueTask<VolatileWrite> StoreAsync(CacheKey key, VolatileItem item, CasToken? token, CallContext call) =>
        ChangeAsync(new StoreRequest(node, new MemcacheKey(key.VolatileName), item, token), call);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<VolatileWrite> ChangeAsync<TRequest>(TRequest request, CallContext call)
        where TRequest : struct, MemcacheCalls.IRequest
    {
        long began = time.GetTimestamp();
        MemcacheReply reply = await _calls.SendAsync(request, call).ConfigureAwait(false);
        return ToWrite(_calls.IsFinal(reply) ? reply : await _calls.GoOnAsync(request, reply, began, call).ConfigureAwait(false));
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

    private readonly struct ReadRequest(MemcacheNode node, MemcacheKey key, MemcacheGet get) : MemcacheCalls.IRequest
    {
        public bool MayRepeat => true;

        public ValueTask<MemcacheReply> SendAsync(CallContext call) => node.GetAsync(key, get, call);
    }

    private readonly struct StoreRequest(MemcacheNode node, MemcacheKey key, VolatileItem item, CasToken? token) : MemcacheCalls.IRequest
    {
        public bool MayRepeat => false;

        public ValueTask<MemcacheReply> SendAsync(CallContext call) => node.SetAsync(key, item.Header, item.Payload, item.Flags, item.Seconds, token, call);
    }

    private readonly struct DeleteRequest(MemcacheNode node, MemcacheKey key, CasToken? token) : MemcacheCalls.IRequest
    {
        public bool MayRepeat => false;

        public ValueTask<MemcacheReply> SendAsync(CallContext call) => node.DeleteAsync(key, token, call);
    }
}
