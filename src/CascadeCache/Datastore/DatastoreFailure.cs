using CascadeCache.Resilience;

namespace CascadeCache.Datastore;

internal enum FailureKind
{
    /// <summary>The tier cannot be used now; a write was not applied.</summary>
    Unavailable,

    /// <summary>The tier refuses; a write was not applied.</summary>
    Rejected,

    /// <summary>A write may or may not have been applied, or be applied later.</summary>
    OutcomeUnknown,
}

/// <summary>One failed attempt, as a value: the pipelines judge it, the last one becomes the caller's exception.</summary>
/// <param name="Kind">What it means for the caller.</param>
/// <param name="Verdict">What it means for the pipelines.</param>
/// <param name="Advice">What a person can do about it; empty if only wait.</param>
/// <param name="Cause">The exception behind it, if it may be shown.</param>
internal sealed record DatastoreFailure(FailureKind Kind, FailureVerdict Verdict, string Advice, Exception? Cause)
{
    /// <summary>The exception for the caller.</summary>
    /// <param name="what">What was tried, and where.</param>
    public CascadeCacheException ToException(string what)
    {
        string message = $"{what} failed: {Verdict.Reason}.{(Advice.Length > 0 ? " " : "")}{Advice}";
        return Kind switch
        {
            FailureKind.Rejected => new CascadeRejectedException(message, Cause),
            FailureKind.OutcomeUnknown => new CascadeOutcomeUnknownException($"{message} It may have been applied, or be applied later.", Cause),
            _ => new CascadeUnavailableException(message, Cause),
        };
    }
}
