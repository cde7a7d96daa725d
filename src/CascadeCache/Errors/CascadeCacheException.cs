namespace CascadeCache;

/// <summary>The base of every exception that this cache throws on its own account.</summary>
public class CascadeCacheException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was wrong and what to do; never a value's content.</param>
    /// <param name="innerException">What caused it, if anything.</param>
    public CascadeCacheException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
