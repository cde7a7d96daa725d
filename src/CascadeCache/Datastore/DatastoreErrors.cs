using System.Globalization;
using CascadeCache.Entries;
using CascadeCache.Resilience;
using Google.Apis.Auth.OAuth2.Responses;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace CascadeCache.Datastore;

/// <summary>
/// What a failed attempt means. A write is certain not to have been applied when the service says so, or when it never left; after anything else its outcome is
/// unknown, and it is not sent again: the first one could land after a later write of someone else.
/// </summary>
internal static class DatastoreErrors
{
    // How the library begins the status that it makes up for an answer that is none of gRPC, such as a proxy's 502 or 504.
    private const string NotGrpcPrefix = "Bad gRPC response";

    /// <summary>The failure that an exception of an attempt means.</summary>
    /// <param name="exception">Not a cancellation by the caller.</param>
    /// <param name="key">The key, of which nothing may be told.</param>
    /// <param name="isWrite">Whether a commit was tried.</param>
    /// <param name="attempt">How far the attempt got.</param>
    /// <param name="remaining">The time that is left for the whole operation.</param>
    public static DatastoreFailure Classify(Exception exception, CacheKey key, bool isWrite, DatastoreAttempt attempt, TimeSpan remaining)
    {
        bool isOpen = isWrite && attempt.MayHaveArrived;
        return exception switch
        {
            _ when attempt.CancellationToken.IsCancellationRequested => TimedOut(attempt.Timeout, isOpen),
            RpcException e when IsAnswer(e) => Answered(e, key, isOpen, remaining),
            RpcException e => Lost(e.Status.DebugException ?? e, e.StatusCode, key, isOpen),
            CascadeRejectedException e => Rejected(e.Message.TrimEnd('.'), "", e),
            TokenResponseException { StatusCode: >= System.Net.HttpStatusCode.InternalServerError or System.Net.HttpStatusCode.TooManyRequests } e => Lost(e, null, key, isOpen),
            TokenResponseException e => Rejected("the credential was refused: " + e.Error?.Error, "Check the key file or the service account behind it.", e),
            DatastoreProtocolException e => isOpen
                ? Unknown(e.Message, isTierFailure: true, e)
                : new DatastoreFailure(FailureKind.Unavailable, new FailureVerdict(true, false, null, e.Message), "", e),
            _ => Lost(exception, null, key, isOpen),
        };
    }

    /// <summary>Time ran out before an attempt could be made or an answer came, and nothing is under way.</summary>
    public static DatastoreFailure OutOfTime(TimeSpan limit, DatastoreFailure? last, Exception cause)
    {
        string reason = string.Create(CultureInfo.InvariantCulture, $"no success within {limit.TotalSeconds:0.###} s");
        return last is null
            ? Transient(reason, null, cause)
            : last with { Verdict = new FailureVerdict(true, false, null, $"{reason}; last: {last.Verdict.Reason}") };
    }

    /// <summary>The circuit is open: the attempt was not made.</summary>
    public static DatastoreFailure CircuitOpen(DatastoreFailure? last, Exception cause)
    {
        const string Reason = "its circuit is open after too many failed attempts";
        return new DatastoreFailure(
            FailureKind.Unavailable, new FailureVerdict(false, false, null, last is null ? Reason : $"{Reason}; last: {last.Verdict.Reason}"), "", last?.Cause ?? cause);
    }

    // The library keeps the exception when it was itself that failed, and never when it read a status from the service. A deadline that it kept itself looks like
    // an answer too; which is why an answer alone does not make a write that never left open.
    private static bool IsAnswer(RpcException e) =>
        e.Status.DebugException is null
        && !(e.StatusCode == StatusCode.Unavailable && e.Status.Detail.StartsWith(NotGrpcPrefix, StringComparison.Ordinal));

    private static DatastoreFailure Answered(RpcException e, CacheKey key, bool isOpen, TimeSpan remaining)
    {
        bool isShowable = IsShowable(e.Status.Detail, key);
        string reason = Code(e.StatusCode) + (isShowable && e.Status.Detail.Length > 0 ? $" ({e.Status.Detail.TrimEnd('.')})" : "");
        RpcException? cause = isShowable ? e : null;
        switch (e.StatusCode)
        {
            case StatusCode.Aborted:
                DatastoreFailure contention = Transient(reason, DelayFrom(e), cause).Within(remaining);

                // Many want one entity. The tier is well, and a circuit that opened would refuse the reads of all others.
                return contention with { Verdict = contention.Verdict with { IsFailure = false } };
            case StatusCode.Unavailable:
                return Transient(reason, DelayFrom(e), cause).Within(remaining);
            case StatusCode.ResourceExhausted:
                return Transient(reason, DelayFrom(e), cause).Within(remaining) with { Kind = FailureKind.Rejected, Advice = "Check the quota of the project." };
            case StatusCode.DeadlineExceeded:
            case StatusCode.Internal:
            case StatusCode.Unknown:
            case StatusCode.Cancelled:
                return isOpen ? Unknown(reason, isTierFailure: true, cause) : Transient(reason, DelayFrom(e), cause).Within(remaining);
            case StatusCode.DataLoss when isOpen:
                return Unknown(reason, isTierFailure: true, cause);
            default:
                return Rejected(reason, AdviceOn(e.StatusCode), cause);
        }
    }

    private static DatastoreFailure TimedOut(TimeSpan timeout, bool isOpen)
    {
        string reason = string.Create(CultureInfo.InvariantCulture, $"no answer within {timeout.TotalSeconds:0.###} s");
        return isOpen ? Unknown(reason, isTierFailure: true, null) : Transient(reason, null, null);
    }

    private static DatastoreFailure Lost(Exception e, StatusCode? code, CacheKey key, bool isOpen)
    {
        Exception root = e.GetBaseException();
        Exception? cause = IsShowable(e.ToString(), key) ? e : null;
        string reason = $"the connection failed{(code is { } c ? ", " + Code(c) : "")} ({(cause is null ? root.GetType().Name : root.Message.TrimEnd('.'))})";
        return isOpen ? Unknown(reason, isTierFailure: true, cause) : Transient(reason, null, cause);
    }

    private static DatastoreFailure Transient(string reason, TimeSpan? retryAfter, Exception? cause) =>
        new(FailureKind.Unavailable, new FailureVerdict(IsFailure: true, MayRetry: true, retryAfter, reason), "", cause);

    private static DatastoreFailure Rejected(string reason, string advice, Exception? cause) =>
        new(FailureKind.Rejected, new FailureVerdict(IsFailure: false, MayRetry: false, null, reason), advice, cause);

    private static DatastoreFailure Unknown(string reason, bool isTierFailure, Exception? cause) =>
        new(FailureKind.OutcomeUnknown, new FailureVerdict(isTierFailure, MayRetry: false, null, reason), "", cause);

    // A delay that ends after the operation's time would only be waited for in vain.
    private static DatastoreFailure Within(this DatastoreFailure failure, TimeSpan remaining) =>
        failure.Verdict.RetryAfter is { } delay && delay >= remaining
            ? failure with
            {
                Verdict = failure.Verdict with
                {
                    MayRetry = false,
                    Reason = string.Create(CultureInfo.InvariantCulture, $"{failure.Verdict.Reason}, to be tried again after {delay.TotalSeconds:0.###} s"),
                },
            }
            : failure;

    // A hint that cannot be read is none: what fails here must still be classified.
    private static TimeSpan? DelayFrom(RpcException e)
    {
        try
        {
            return e.Trailers.GetRpcStatus(ignoreParseError: true)?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan() is { } delay && delay > TimeSpan.Zero ? delay : null;
        }
        catch (Exception unreadable) when (unreadable is InvalidProtocolBufferException or InvalidOperationException or FormatException or OverflowException)
        {
            return null;
        }
    }

    // The service may quote the key, which can be a credential.
    private static bool IsShowable(string detail, CacheKey key) =>
        !(key.Text.Length > 0 && detail.Contains(key.Text, StringComparison.Ordinal)) && !detail.Contains(key.DurableName, StringComparison.Ordinal);

    private static string AdviceOn(StatusCode code) => code switch
    {
        StatusCode.PermissionDenied => "Give the account the role roles/datastore.user in the project, and check that a regional endpoint is the database's own.",
        StatusCode.Unauthenticated => "Check the credential: its token was not accepted.",
        StatusCode.NotFound => "Check that the project and the database exist.",
        StatusCode.FailedPrecondition => "Check that the database is in Datastore mode.",
        StatusCode.Unimplemented => "Check the endpoint: this is no Datastore service.",
        _ => "",
    };

    private static string Code(StatusCode code) => code switch
    {
        StatusCode.Cancelled => "CANCELLED",
        StatusCode.Unknown => "UNKNOWN",
        StatusCode.InvalidArgument => "INVALID_ARGUMENT",
        StatusCode.DeadlineExceeded => "DEADLINE_EXCEEDED",
        StatusCode.NotFound => "NOT_FOUND",
        StatusCode.AlreadyExists => "ALREADY_EXISTS",
        StatusCode.PermissionDenied => "PERMISSION_DENIED",
        StatusCode.Unauthenticated => "UNAUTHENTICATED",
        StatusCode.ResourceExhausted => "RESOURCE_EXHAUSTED",
        StatusCode.FailedPrecondition => "FAILED_PRECONDITION",
        StatusCode.Aborted => "ABORTED",
        StatusCode.OutOfRange => "OUT_OF_RANGE",
        StatusCode.Unimplemented => "UNIMPLEMENTED",
        StatusCode.Internal => "INTERNAL",
        StatusCode.Unavailable => "UNAVAILABLE",
        StatusCode.DataLoss => "DATA_LOSS",
        _ => "status " + ((int)code).ToString(CultureInfo.InvariantCulture),
    };
}
