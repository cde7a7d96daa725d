using CascadeCache.Memcache.Connections;
using CascadeCache.Memcache.Routing;
using CascadeCache.Primitives;

namespace CascadeCache.Memcache;

/// <summary>All servers of a cache, and which of them a key belongs to. Connects when it is first asked. Safe for use by any thread.</summary>
internal sealed class MemcacheClient : IDisposable
{
    private static readonly TimeSpan DiscoveryInterval = TimeSpan.FromSeconds(1);

    private readonly ConnectionSettings _settings;
    private readonly IReadOnlyList<MemcacheServerAddress> _configured;
    private readonly Lock _gate = new();
    private volatile Cluster? _cluster;
    private Task<Cluster?>? _discovery;
    private long _askedAt;
    private bool _isDisposed;

    /// <param name="settings">What connections are made with.</param>
    /// <param name="servers">The servers, or one discovery endpoint if the options say so.</param>
    public MemcacheClient(ConnectionSettings settings, IReadOnlyList<MemcacheServerAddress> servers)
    {
        (_settings, _configured) = (settings, servers);
        _cluster = settings.Options.AutoDiscovery ? null : new Cluster(servers, settings);
    }

    /// <summary>The servers; none while they are not discovered yet.</summary>
    public IReadOnlyList<MemcacheNode> Nodes => _cluster?.Nodes ?? [];

    /// <summary>Why the last discovery failed, if it did.</summary>
    public MemcacheException? DiscoveryFailure { get; private set; }

    /// <summary>The server that the key belongs to; null: the servers could not be discovered.</summary>
    public ValueTask<MemcacheNode?> GetNodeAsync(MemcacheKey key, CallContext call) =>
        _cluster is { } cluster ? ValueTask.FromResult<MemcacheNode?>(cluster.Ring.Find(key.Bytes.Span)) : DiscoverNodeAsync(key, call);

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
        }

        foreach (MemcacheNode node in Nodes)
        {
            node.Dispose();
        }
    }

    private async ValueTask<MemcacheNode?> DiscoverNodeAsync(MemcacheKey key, CallContext call)
    {
        Task<Cluster?> discovery = GetOrStartDiscovery();
        if (call.IsHasty && DiscoveryFailure is not null)
        {
            return _cluster?.Ring.Find(key.Bytes.Span); // as with a server that could not be reached the last time
        }

        if (call.Blocking)
        {
            discovery.Wait(_settings.Options.ConnectTimeout, call.CancellationToken);
        }
        else
        {
            await discovery.WaitAsync(call.CancellationToken).ConfigureAwait(false);
        }

        return _cluster?.Ring.Find(key.Bytes.Span);
    }

    private Task<Cluster?> GetOrStartDiscovery()
    {
        lock (_gate)
        {
            bool mayAskAgain = _discovery is null || (_discovery.IsCompleted && _settings.Time.GetElapsedTime(_askedAt) >= DiscoveryInterval);
            if (mayAskAgain && _cluster is null && !_isDisposed)
            {
                _askedAt = _settings.Time.GetTimestamp();
                var found = new TaskCompletionSource<Cluster?>(TaskCreationOptions.RunContinuationsAsynchronously);
                _discovery = found.Task;
                new Thread(() => Discover(found)) { IsBackground = true, Name = "memcached discovery" }.Start();
            }

            return _discovery ?? Task.FromResult<Cluster?>(null);
        }
    }

    private void Discover(TaskCompletionSource<Cluster?> found)
    {
        try
        {
            _cluster = new Cluster(ClusterDiscovery.Ask(_configured[0], _settings.Options, _settings.Time), _settings);
            DiscoveryFailure = null;
        }
#pragma warning disable CA1031 // On a thread of its own it would end the process; it has to reach those who wait.
        catch (Exception e)
#pragma warning restore CA1031
        {
            DiscoveryFailure = e as MemcacheException
                ?? new MemcacheException(MemcacheFault.NotConnected, $"The discovery endpoint {_configured[0]} could not be asked for its cluster: {e.Message}", e);
        }
        finally
        {
            found.SetResult(_cluster);
        }
    }

    private sealed class Cluster
    {
        public Cluster(IReadOnlyList<MemcacheServerAddress> servers, ConnectionSettings settings)
        {
            Nodes = [.. servers.Distinct().Select(address => new MemcacheNode(address, settings))];
            Ring = new KetamaRing<MemcacheNode>([.. Nodes.Select(static node => (node.Address, node))]);
        }

        public IReadOnlyList<MemcacheNode> Nodes { get; }

        public KetamaRing<MemcacheNode> Ring { get; }
    }
}
