using System.Collections.Concurrent;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Connections;
using CascadeCache.Primitives;
using CascadeCache.Resilience;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace CascadeCache.Tiers;

/// <summary>memcached as the volatile tier: our client, a circuit breaker for each server, and the counting and logging of what happens to connections.</summary>
internal sealed class MemcacheTier : IVolatileTier, IMemcacheObserver
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly CascadeCacheOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<double> _random;
    private readonly CacheCounters _counters;
    private readonly ILogger _logger;
    private readonly MemcacheClient _client;
    private readonly UndiscoveredServer _undiscovered;
    private readonly ConcurrentDictionary<MemcacheNode, MemcacheServer> _servers = new();
    private readonly ConcurrentDictionary<MemcacheNode, LogThrottle> _throttles = new();

    public MemcacheTier(CascadeCacheOptions options, TimeProvider time, Func<double> random, CacheCounters counters, ILogger logger)
    {
        (_options, _time, _random, _counters, _logger) = (options, time, random, counters, logger);
        IReadOnlyList<MemcacheServerAddress> servers = AddressesOf(options.Memcache);
        _client = new MemcacheClient(new ConnectionSettings(options.Memcache, time, random, this), servers);
        _undiscovered = new UndiscoveredServer(servers[0].ToString(), () => _client.DiscoveryFailure);
    }

    public event Action<IVolatileServer>? ServerReachable;

    /// <summary>The servers that are known; those behind a discovery endpoint only after the first request.</summary>
    public IReadOnlyList<MemcacheServer> Servers => [.. _client.Nodes.Select(ServerOf)];

    public ValueTask<IVolatileServer> FindServerAsync(CacheKey key, CallContext call)
    {
        ValueTask<MemcacheNode?> found = _client.GetNodeAsync(new MemcacheKey(key.VolatileName), call);
        return found.IsCompletedSuccessfully ? ValueTask.FromResult(ServerOrStandIn(found.Result)) : WaitAsync(found);

        async ValueTask<IVolatileServer> WaitAsync(ValueTask<MemcacheNode?> pending) => ServerOrStandIn(await pending.ConfigureAwait(false));
    }

    public void Connected(MemcacheNode node)
    {
        _counters.Add(Counter.MemcacheConnects);
        ServerReachable?.Invoke(ServerOf(node));
    }

    public void Disconnected(MemcacheNode node, MemcacheFault fault, Exception? error)
    {
        _counters.Add(fault == MemcacheFault.Violation ? Counter.MemcacheViolations : Counter.MemcacheDisconnects);
        if (_throttles.GetOrAdd(node, _ => new LogThrottle(_time, LogInterval)).ShouldLog())
        {
            CascadeLog.MemcacheUnavailable(_logger, node.Address.ToString(), error);
        }
    }

    public void Dispose() => _client.Dispose();

    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    private static IReadOnlyList<MemcacheServerAddress> AddressesOf(MemcacheOptions options)
    {
        var addresses = new List<MemcacheServerAddress>();
        foreach (string server in options.Servers)
        {
            addresses.Add(MemcacheServerAddress.TryParse(server, out MemcacheServerAddress? address, out string? fault)
                ? address
                : throw new ArgumentException(fault, nameof(options)));
        }

        return addresses.Count > 0 ? addresses : [new MemcacheServerAddress("localhost", MemcacheServerAddress.DefaultPort)];
    }

    private IVolatileServer ServerOrStandIn(MemcacheNode? node) => node is null ? _undiscovered : ServerOf(node);

    private MemcacheServer ServerOf(MemcacheNode node) => _servers.GetOrAdd(node, static (n, tier) => tier.NewServer(n), this);

    private MemcacheServer NewServer(MemcacheNode node) => new(
        node,
        new TierResilience<MemcacheReply>(
            "memcached server " + node.Address,
            _options.Resilience.Memcache,
            _options.Memcache.OperationTimeout,
            Judge,
            _time,
            _random,
            _counters,
            Counter.MemcacheRetries,
            _logger),
        _options.Resilience.Memcache.TotalTimeout,
        _time);

    // A second try helps when a connection broke, because a new one is made; a server that is silent or cannot be connected to stays so for a while.
    internal static FailureVerdict Judge(Outcome<MemcacheReply> outcome) => outcome switch
    {
        { Exception: TimeoutRejectedException } => new FailureVerdict(true, false, null, "time-out"),
        { Exception: not null } => default,
        { Result: { Status: MemcacheStatus.Unavailable, Fault: var fault } } =>
            new FailureVerdict(true, fault is MemcacheFault.ConnectionLost or MemcacheFault.Violation, null, fault.ToString()),
        _ => default,
    };
}
