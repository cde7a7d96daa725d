using CascadeCache.Datastore;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;

namespace CascadeCache.Tiers;

/// <summary>Google Cloud Datastore as the durable tier. Making one opens no connection and looks for no credential: the first call does.</summary>
internal sealed class DatastoreTier : IDurableTier
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly DatastoreOptions _options;
    private readonly DatastoreClient _client;
    private readonly DatastoreAccess _access;
    private readonly DatastoreRunner _runner;
    private readonly EntityCodec _codec;
    private readonly ChunkCodec _chunks;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LogThrottle _otherKeys;

    /// <param name="options">The cache's options; valid ones.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="random">The jitter of the retries, 0 to 1; null: a source of the library's own.</param>
    /// <param name="counters">Where every request is counted.</param>
    /// <param name="logger">Where failures are told.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="newGeneration">Marks the entities of one write of a large value; never the same twice.</param>
    /// <param name="handler">Used instead of the network, if given; stays the giver's.</param>
    /// <exception cref="CascadeCacheException">The options name no usable endpoint.</exception>
    public DatastoreTier(
        CascadeCacheOptions options,
        TimeProvider timeProvider,
        Func<double>? random,
        CacheCounters counters,
        ILogger logger,
        Func<string, string?> environment,
        Func<Guid> newGeneration,
        HttpMessageHandler? handler = null)
    {
        _options = options.Datastore;
        _time = timeProvider;
        _logger = logger;
        _otherKeys = new LogThrottle(timeProvider, LogInterval);
        DatastoreEndpoint endpoint = DatastoreEndpoint.Resolve(_options, environment);
        Endpoint = endpoint.Name;
        WriteDeadline = options.Resilience.Datastore.TotalTimeout;

        var resolver = new ProjectIdResolver(_options, environment, new MetadataServer(environment).GetProjectIdAsync);
        _access = new DatastoreAccess(_options, endpoint, resolver, timeProvider);
        _codec = new EntityCodec(_options.Kind, _options.Namespace);
        _chunks = new ChunkCodec(_codec, _options.Kind, _options.Namespace);
        GrpcChannel channel = DatastoreChannel.Create(endpoint, _options.OperationTimeout, handler);
        _client = new DatastoreClient(channel, _access, _codec, _chunks, _options, timeProvider, newGeneration);
        _runner = new DatastoreRunner(_client, $"Datastore at {Endpoint}", options, timeProvider, random, counters, logger, Place);
    }

    /// <inheritdoc/>
    public TimeSpan WriteDeadline { get; }

    /// <summary>The service's or the emulator's <c>host:port</c>.</summary>
    public string Endpoint { get; }

    /// <summary>The circuit breaker's state.</summary>
    public CircuitState CircuitState => _runner.CircuitState;

    /// <inheritdoc/>
    public long MaxValueBytes(CacheKey key) => _chunks.LayoutFor(key).MaxValueBytes;

    /// <inheritdoc/>
    public async ValueTask<DurableRead> ReadAsync(CacheKey key, DurableCause cause, CallContext call)
    {
        DatastoreReply reply = await _runner.RunAsync(new ReadOperation(key, call, BilledTo.For(cause), _time.GetTimestamp())).ConfigureAwait(false);
        FoundEntity found = reply.Found;
        if (found.Entity is not { } entity)
        {
            return new DurableRead(null, found.Version, IsStored: false);
        }

        switch (found)
        {
            case { Refusal: { } refusal }:
                throw refusal;
            case { State: ChunkState.Broken }:
                throw _chunks.Broken();
            case { State: ChunkState.Expired }:
                return new DurableRead(null, found.Version, IsStored: true);
        }

        DurableValue? value = _codec.Decode(entity, key);
        if (value is null && _otherKeys.ShouldLog())
        {
            DatastoreLog.OtherKeysEntity(_logger, _options.Kind);
        }

        return new DurableRead(found.State == ChunkState.Whole ? value!.Value with { Payload = found.Payload } : value, found.Version, IsStored: true);
    }

    /// <inheritdoc/>
    public ValueTask<DurableWrite> WriteAsync(CacheKey key, DurableValue value, WriteCondition condition, DurableCause cause, CallContext call, long replacedBytes = 0) =>
        RunWriteAsync(new WriteOperation(key, value, condition, replacedBytes, call, BilledTo.For(cause), _time.GetTimestamp()));

    /// <inheritdoc/>
    public ValueTask<DurableWrite> ExtendAsync(CacheKey key, long expiresAt, long baseVersion, long valueBytes, DurableCause cause, CallContext call) =>
        RunWriteAsync(new ExtendOperation(key, expiresAt, baseVersion, valueBytes, call, BilledTo.For(cause), _time.GetTimestamp()));

    /// <inheritdoc/>
    public ValueTask<DurableWrite> DeleteAsync(CacheKey key, long? baseVersion, DurableCause cause, CallContext call, long replacedBytes = 0) =>
        RunWriteAsync(new DeleteOperation(key, baseVersion, replacedBytes, call, BilledTo.For(cause), _time.GetTimestamp()));

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<DurableWrite> RunWriteAsync(DatastoreOperation operation) =>
        (await _runner.RunAsync(operation).ConfigureAwait(false)).Write;

    private string Place()
    {
        string project = _access.KnownProjectId is { } id ? $"project {id}" : "a project not yet known";
        string database = _options.DatabaseId.Length > 0 ? $"database {_options.DatabaseId}" : "the default database";
        return $"of kind {_options.Kind} in {project}, {database}, at {Endpoint}";
    }
}
