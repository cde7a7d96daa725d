using CascadeCache.Datastore.Protocol;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace CascadeCache.Datastore;

/// <summary>
/// The two calls of the service, once each. It neither repeats nor interprets: failures come as <see cref="RpcException"/> or as the exceptions of
/// <see cref="DatastoreAccess"/>. Owns the channel. Safe for use by any thread.
/// </summary>
internal sealed class DatastoreCalls(GrpcChannel channel, DatastoreAccess access, string databaseId) : IDisposable
{
    private readonly CallInvoker _invoker = channel.CreateCallInvoker();

    /// <summary>Reads entities as of one instant.</summary>
    /// <param name="keys">Which.</param>
    /// <param name="mask">The properties that are wanted; null: all.</param>
    /// <param name="readTime">The instant; null: now.</param>
    /// <param name="billed">How many reads this is.</param>
    /// <param name="attempt">What it belongs to.</param>
    public async Task<LookupResponse> LookupAsync(IEnumerable<Key> keys, PropertyMask? mask, Timestamp? readTime, int billed, DatastoreAttempt attempt)
    {
        RequestScope scope = await access.GetAsync(attempt.CancellationToken).ConfigureAwait(false);
        var request = new LookupRequest { ProjectId = scope.ProjectId, DatabaseId = databaseId, Keys = { keys }, PropertyMask = mask };
        if (readTime is not null)
        {
            request.ReadOptions = new ReadOptions { ReadTime = readTime };
        }

        return await CallAsync(DatastoreMethods.Lookup, request, scope.Headers, new Charge(billed, 0, 0), attempt).ConfigureAwait(false);
    }

    /// <summary>Commits mutations: one as it is, several all or none.</summary>
    public async Task<CommitResponse> CommitAsync(IReadOnlyList<Mutation> mutations, DatastoreAttempt attempt)
    {
        RequestScope scope = await access.GetAsync(attempt.CancellationToken).ConfigureAwait(false);
        var request = new CommitRequest
        {
            ProjectId = scope.ProjectId,
            DatabaseId = databaseId,
            Mode = CommitRequest.Types.Mode.NonTransactional,
            Mutations = { mutations },
        };
        if (mutations.Count > 1)
        {
            request.Mode = CommitRequest.Types.Mode.Transactional;
            request.SingleUseTransaction = new TransactionOptions { ReadWrite = new TransactionOptions.Types.ReadWrite() };
        }

        int deletes = mutations.Count(static mutation => mutation.OperationCase == Mutation.OperationOneofCase.Delete);
        return await CallAsync(DatastoreMethods.Commit, request, scope.Headers, new Charge(0, mutations.Count - deletes, deletes), attempt).ConfigureAwait(false);
    }

    public void Dispose() => channel.Dispose();

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        Method<Tracked<TRequest>, TResponse> method, TRequest message, Metadata headers, Charge charge, DatastoreAttempt attempt)
        where TRequest : class
        where TResponse : class
    {
        // The token ends the attempt in the time that the tier was given. The deadline is for the service, which drops what nobody waits for any
        // more; the library derives the header from the system's clock and knows no other.
        DateTime deadline = TimeProvider.System.GetUtcNow().UtcDateTime + attempt.Timeout;
        var options = new CallOptions(headers, deadline, attempt.CancellationToken);
        using AsyncUnaryCall<TResponse> call = _invoker.AsyncUnaryCall(method, null, options, new Tracked<TRequest>(message, attempt, charge));
        return await call.ResponseAsync.ConfigureAwait(false);
    }
}
