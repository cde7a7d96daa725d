using CascadeCache.Contract.Tests.Outages;
using CascadeCache.Datastore;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;
using Microsoft.Extensions.Logging.Abstractions;

namespace CascadeCache.Contract.Tests.Borders;

/// <summary>How memcached was started.</summary>
public enum ServerKind
{
    Usual,
    LargeItems,
    SmallItems,
}

/// <summary>A memcached of one kind and a Datastore, and where on them the borders are.</summary>
internal sealed class BorderLab : IAsyncDisposable
{
    public const string KeyName = "key";

    public static readonly CacheKey Key = new(OutageFixture.Prefix + KeyName);

    private BorderLab(OutageFixture servers) => Servers = servers;

    public OutageFixture Servers { get; }

    public static ChunkLayout Layout { get; } = ChunkLayout.For(Key, "Session", "SessionChunk", "");

    /// <summary>The largest value that the durable tier holds under the key.</summary>
    public static int LargestInDatastore => (int)Layout.MaxValueBytes;

    public static async Task<BorderLab> StartAsync(ServerKind kind) => new(await OutageFixture.StartAsync(kind switch
    {
        ServerKind.LargeItems => ["-I", "4m", "-m", "256"],
        ServerKind.SmallItems => ["-I", "8k", "-o", "slab_chunk_max=4096"],
        _ => [],
    }));

    public Task<CascadeDistributedCache> NewCacheAsync(CascadeBackends backends = CascadeBackends.Distributed, long maxMemcacheBytes = 0) => Servers.NewCacheAsync(options =>
    {
        options.Backends = backends;
        options.MaxMemcacheSessionSizeBytes = maxMemcacheBytes;

        // Megabytes on a busy machine: no test here is about time.
        options.Memcache.OperationTimeout = options.Resilience.Memcache.TotalTimeout = TimeSpan.FromSeconds(30);
        options.Datastore.OperationTimeout = options.Resilience.Datastore.TotalTimeout = TimeSpan.FromSeconds(60);
    });

    /// <summary>The largest item under a key, as the client knows it from what the server told.</summary>
    public async Task<long> LargestItemAsync(CacheKey key)
    {
        var options = new CascadeCacheOptions();
        options.Memcache.Servers.Add(Servers.Memcached.Host);
        using var tier = new MemcacheTier(options, TimeProvider.System, static () => 0.5, new CacheCounters(), NullLogger.Instance);
        CallContext call = CallContext.Async(OutageFixture.Token);
        IVolatileServer server = await tier.FindServerAsync(key, call);
        using VolatileRead connected = await server.ReadAsync(key, withValue: false, leaseSeconds: 0, call);
        return server.MaxItemBytes(key);
    }

    /// <summary>The largest value under the usual key that this server holds.</summary>
    public async Task<int> LargestValueAsync() => (int)await LargestItemAsync(Key) - EntryFormat.HeaderSize;

    /// <summary>The largest item under a key that the server itself takes, found by trying.</summary>
    public async Task<int> MeasuredLargestItemAsync(string name, int beyond)
    {
        (int taken, int refused) = (0, beyond);
        while (refused - taken > 1)
        {
            int size = (taken + refused) / 2;
            string reply = await Servers.Memcached.AskAsync($"ms {name} {size} F{uint.MaxValue}\r\n{new string('x', size)}\r\n", "\r\n");
            (taken, refused) = reply.StartsWith("HD", StringComparison.Ordinal) ? (size, refused) : (taken, size);
        }

        return taken;
    }

    public ValueTask DisposeAsync() => Servers.DisposeAsync();
}
