using CascadeCache.Emulators.Datastore.Protocol;
using Grpc.Core;
using Api = CascadeCache.Emulators.Datastore.Protocol.Datastore;

namespace CascadeCache.Emulators.Datastore;

/// <summary>The gRPC face of the engine: one line per method.</summary>
internal sealed class DatastoreService(DatastoreEngine engine, CallRunner calls) : Api.DatastoreBase
{
    public override Task<LookupResponse> Lookup(LookupRequest request, ServerCallContext context) =>
        calls.RunAsync("Lookup", request.ProjectId, request, engine.Lookup, context.CancellationToken);

    public override Task<CommitResponse> Commit(CommitRequest request, ServerCallContext context) =>
        calls.RunAsync("Commit", request.ProjectId, request, engine.Commit, context.CancellationToken);

    public override Task<RunQueryResponse> RunQuery(RunQueryRequest request, ServerCallContext context) =>
        calls.RunAsync("RunQuery", request.ProjectId, request, engine.RunQuery, context.CancellationToken);

    public override Task<RunAggregationQueryResponse> RunAggregationQuery(RunAggregationQueryRequest request, ServerCallContext context) =>
        calls.RunAsync("RunAggregationQuery", request.ProjectId, request, engine.RunAggregationQuery, context.CancellationToken);

    public override Task<BeginTransactionResponse> BeginTransaction(BeginTransactionRequest request, ServerCallContext context) =>
        calls.RunAsync("BeginTransaction", request.ProjectId, request, engine.BeginTransaction, context.CancellationToken);

    public override Task<RollbackResponse> Rollback(RollbackRequest request, ServerCallContext context) =>
        calls.RunAsync("Rollback", request.ProjectId, request, engine.Rollback, context.CancellationToken);

    public override Task<AllocateIdsResponse> AllocateIds(AllocateIdsRequest request, ServerCallContext context) =>
        calls.RunAsync("AllocateIds", request.ProjectId, request, engine.AllocateIds, context.CancellationToken);

    public override Task<ReserveIdsResponse> ReserveIds(ReserveIdsRequest request, ServerCallContext context) =>
        calls.RunAsync("ReserveIds", request.ProjectId, request, engine.ReserveIds, context.CancellationToken);
}
