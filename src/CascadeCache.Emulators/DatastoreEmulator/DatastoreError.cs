using Grpc.Core;

namespace CascadeCache.Emulators.Datastore;

/// <summary>A refusal in the terms of the API: the gRPC code and the message a client sees.</summary>
internal sealed class DatastoreError(StatusCode code, string message) : Exception(message)
{
    public StatusCode Code { get; } = code;

    public static DatastoreError Invalid(string message) => new(StatusCode.InvalidArgument, message);

    public static DatastoreError Aborted(string message) => new(StatusCode.Aborted, message);

    public static DatastoreError Unimplemented(string what) => new(StatusCode.Unimplemented, $"The emulator does not support {what}.");
}
