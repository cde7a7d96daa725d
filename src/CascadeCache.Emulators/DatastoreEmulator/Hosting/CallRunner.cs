using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Grpc.Core.Status;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Runs a call between the two fault points and turns refusals into gRPC errors. No lock is held while the hook runs.</summary>
internal sealed class CallRunner(Func<DatastoreFaultPoint, CancellationToken, ValueTask>? onCall)
{
    private const string DetailsTrailer = "grpc-status-details-bin";
    private long calls;

    public async Task<TResponse> RunAsync<TRequest, TResponse>(
        string method, string project, TRequest request, Func<TRequest, TResponse> execute, CancellationToken cancellationToken)
    {
        try
        {
            if (onCall is null)
            {
                return execute(request);
            }

            var call = Interlocked.Increment(ref calls);
            var keyNames = KeyNames(request);
            await onCall(At(DatastoreFaultPhase.Before), cancellationToken).ConfigureAwait(false);
            var response = execute(request);
            await onCall(At(DatastoreFaultPhase.After), cancellationToken).ConfigureAwait(false);
            return response;

            DatastoreFaultPoint At(DatastoreFaultPhase phase) =>
                new() { Method = method, Phase = phase, Call = call, ProjectId = project, KeyNames = keyNames };
        }
        catch (DatastoreError error)
        {
            throw new RpcException(new Status(error.Code, error.Message));
        }
        catch (DatastoreFaultException fault)
        {
            throw ToRpc(fault);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled."));
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"The emulator failed: {failure.GetType().Name}: {failure.Message}"));
        }
    }

    private static RpcException ToRpc(DatastoreFaultException fault)
    {
        var trailers = new Metadata();
        if (fault.RetryAfter is { } delay)
        {
            var details = new Google.Rpc.Status { Code = (int)fault.StatusCode, Message = fault.Message };
            details.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }));
            trailers.Add(DetailsTrailer, details.ToByteArray());
        }

        return new RpcException(new Status(fault.StatusCode, fault.Message), trailers);
    }

    private static IReadOnlyList<string> KeyNames<TRequest>(TRequest request) => request switch
    {
        LookupRequest lookup => [.. lookup.Keys.Select(NameOf)],
        CommitRequest commit => [.. commit.Mutations.Select(mutation => NameOf(mutation.Delete ?? (mutation.Insert ?? mutation.Update ?? mutation.Upsert)?.Key))],
        _ => [],
    };

    private static string NameOf(Key? key) => key?.Path.LastOrDefault()?.Name ?? "";
}
