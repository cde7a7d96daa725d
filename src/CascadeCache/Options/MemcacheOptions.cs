namespace CascadeCache;

/// <summary>How the volatile tier is reached: which memcached servers, over how many connections, within which time.</summary>
public sealed class MemcacheOptions
{
    /// <summary>
    /// The memcached servers as <c>host:port</c>, <c>host</c> (port 11211) or <c>[ipv6]:port</c>. A key always belongs to one server: which one is
    /// decided by a ketama ring over this list, so every application server must be given the same list. A server that is down means misses for
    /// its keys; they never move to another one, where they would come back stale. Empty (the default): <c>localhost:11211</c>.
    /// </summary>
    public IList<string> Servers { get; } = new List<string>();

    /// <summary>Connections to each server. Default 1: requests are pipelined, so one is enough unless large values delay small ones. 1 to 64.</summary>
    public int ConnectionsPerServer { get; set; } = 1;

    /// <summary>The longest time for connecting to a server, its greeting included. Default 1 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The longest time for one attempt of one request to a server. Default 500 ms. A server that lets it pass is disconnected: what it still sends
    /// belongs to nobody. With many writers of values of 32 KiB and more, such a value may first wait as long for its turn to be sent; if that does not come it is refused, unsent.
    /// </summary>
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Whether the connection is encrypted. Default false. The server's certificate must be valid for the configured host name.</summary>
    public bool UseTls { get; set; }

    /// <summary>The user name for a server started with <c>-Y</c> (ASCII authentication). Null (the default): the connection is not authenticated.</summary>
    public string? UserName { get; set; }

    /// <summary>The password that goes with <see cref="UserName"/>. Never logged.</summary>
    public string? Password { get; set; }

    /// <summary>
    /// Whether <see cref="Servers"/> holds one discovery endpoint (Memorystore, ElastiCache) that is asked for the servers with
    /// <c>config get cluster</c> before the first request. Default false. The list is read once for the life of the cache.
    /// </summary>
    public bool AutoDiscovery { get; set; }
}
