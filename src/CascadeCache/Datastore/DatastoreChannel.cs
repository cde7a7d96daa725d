using Grpc.Net.Client;

namespace CascadeCache.Datastore;

/// <summary>Builds the channel. It connects on the first call and again whenever that is needed, and repeats nothing by itself.</summary>
internal static class DatastoreChannel
{
    // A commit is at most 10 MiB, and an answer to a lookup of all entities of a value may be as much and more; the library's default of 4 MiB would refuse what the
    // service may send.
    private const int MaxMessageBytes = 32 * 1024 * 1024;

    // The library answers every call with its last connection error until it tries again, which by default can be seconds after the service is back,
    // and more after a long outage (its limit is two minutes). The circuit breaker already spares a service that is down.
    private static readonly TimeSpan FirstReconnectDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestReconnectDelay = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    /// <param name="endpoint">Where to.</param>
    /// <param name="connectTimeout">The longest time for a connection to be established.</param>
    /// <param name="handler">Used instead of the network, if given; stays the giver's.</param>
    public static GrpcChannel Create(DatastoreEndpoint endpoint, TimeSpan connectTimeout, HttpMessageHandler? handler) =>
        GrpcChannel.ForAddress(endpoint.Address, new GrpcChannelOptions
        {
            HttpHandler = handler ?? CreateHandler(endpoint, connectTimeout),
            DisposeHttpClient = handler is null,
            MaxReceiveMessageSize = MaxMessageBytes,
            MaxSendMessageSize = MaxMessageBytes,
            ThrowOperationCanceledOnCancellation = false,
            InitialReconnectBackoff = FirstReconnectDelay,
            MaxReconnectBackoff = LongestReconnectDelay,
        });

    private static SocketsHttpHandler CreateHandler(DatastoreEndpoint endpoint, TimeSpan connectTimeout) => new()
    {
        ConnectTimeout = connectTimeout,
        EnableMultipleHttp2Connections = true,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,

        // Only while something is under way: a service may close a connection that is pinged without need.
        KeepAlivePingDelay = PingDelay,
        KeepAlivePingTimeout = PingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        UseCookies = false,
        AllowAutoRedirect = false,
        UseProxy = !endpoint.IsEmulator,
    };
}
