namespace CascadeCache;

/// <summary>
/// A write was sent to the durable tier and no answer came: it may have been stored, may still be stored a little later, or never. Readers
/// see either the older or the newer value, but no server returns the older one after the newer one. Writing again is safe.
/// </summary>
public class CascadeOutcomeUnknownException : CascadeCacheException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was tried, where, and what came of it.</param>
    /// <param name="innerException">The failure that left the outcome open, if anything.</param>
    public CascadeOutcomeUnknownException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
