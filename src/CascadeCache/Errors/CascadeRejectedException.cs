namespace CascadeCache;

/// <summary>
/// The durable tier refused a request for a reason that trying again cannot mend: no permission, a wrong project or database, invalid
/// credentials, an exhausted quota that asks for a person. Nothing was stored.
/// </summary>
public class CascadeRejectedException : CascadeCacheException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was refused, by whom, and what to do.</param>
    /// <param name="innerException">The service's own error, if anything.</param>
    public CascadeRejectedException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
