using System.Collections.Concurrent;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Protection;

/// <summary>A volatile tier whose servers are not trusted: see <see cref="ProtectedServer"/>. Does not own what it stands over.</summary>
internal sealed class ProtectedTier : IVolatileTier
{
    private readonly IVolatileTier _tier;
    private readonly IItemSeal _seal;

    // One for each server, always the same: the flow tells servers apart by identity.
    private readonly ConcurrentDictionary<IVolatileServer, ProtectedServer> _servers = new(ReferenceEqualityComparer.Instance);

    public ProtectedTier(IVolatileTier tier, IItemSeal seal)
    {
        (_tier, _seal) = (tier, seal);
        _tier.ServerReachable += OnServerReachable;
    }

    public event Action<IVolatileServer>? ServerReachable;

    public ValueTask<IVolatileServer> FindServerAsync(CacheKey key, CallContext call)
    {
        ValueTask<IVolatileServer> found = _tier.FindServerAsync(key, call);
        return found.IsCompletedSuccessfully ? ValueTask.FromResult(Over(found.Result)) : WaitAsync(found);

        async ValueTask<IVolatileServer> WaitAsync(ValueTask<IVolatileServer> pending) => Over(await pending.ConfigureAwait(false));
    }

    public void Dispose() => _tier.ServerReachable -= OnServerReachable;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void OnServerReachable(IVolatileServer server) => ServerReachable?.Invoke(Over(server));

    private IVolatileServer Over(IVolatileServer server) => _servers.GetOrAdd(server, static (s, seal) => new ProtectedServer(s, seal), _seal);
}
