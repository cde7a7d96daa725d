using Grpc.Core;

namespace CascadeCache.Emulators;

/// <summary>Thrown by <see cref="DatastoreEmulatorOptions.OnCall"/> to answer a call with an error of gRPC.</summary>
public sealed class DatastoreFaultException : Exception
{
    /// <summary>Makes a fault.</summary>
    /// <param name="statusCode">The code that the client sees; not OK.</param>
    /// <param name="message">The message that the client sees.</param>
    /// <param name="retryAfter">When given, a <c>google.rpc.RetryInfo</c> with this delay goes into the error's details.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="statusCode"/> is OK.</exception>
    public DatastoreFaultException(StatusCode statusCode, string message, TimeSpan? retryAfter = null)
        : base(message)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)statusCode, (int)StatusCode.OK, nameof(statusCode));
        StatusCode = statusCode;
        RetryAfter = retryAfter;
    }

    /// <summary>The code that the client sees.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>The delay to ask the client for, or null.</summary>
    public TimeSpan? RetryAfter { get; }
}
