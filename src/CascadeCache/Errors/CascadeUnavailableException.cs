namespace CascadeCache;

/// <summary>
/// A tier that was needed could not be reached or did not answer in time, after all retries. Nothing was stored by the call that
/// throws it. An unavailable tier is never reported as a missing entry.
/// </summary>
public class CascadeUnavailableException : CascadeCacheException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was tried, where, and what came of it.</param>
    /// <param name="innerException">The last attempt's failure, if anything.</param>
    public CascadeUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
