using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Diagnostics;

/// <summary>Every log message of the session store, with an id that is never used for another. None holds a key, a name or a value.</summary>
internal static partial class SessionLog
{
    public const string Category = "CascadeCache.Session";

    [LoggerMessage(101, LogLevel.Warning, "Two requests wrote one session at the same time, and what the earlier one stored is overwritten. CascadeSessionWrites.Merge would keep both.")]
    public static partial void Overwritten(ILogger logger);

    [LoggerMessage(102, LogLevel.Warning, "Two requests wrote one session at the same time and cannot be merged: {Obstacle}. What the earlier one stored is overwritten.")]
    public static partial void NotMergeable(ILogger logger, string obstacle);

    [LoggerMessage(103, LogLevel.Warning, "A session was written by other requests during each of {Attempts} attempts. It is stored as it was merged last; what others stored since then is overwritten.")]
    public static partial void AttemptsExhausted(ILogger logger, int attempts);

    [LoggerMessage(104, LogLevel.Error, "A session could not be loaded ahead of its request. The request goes on; to it the session is not available.")]
    public static partial void PreloadFailed(ILogger logger, Exception exception);

    [LoggerMessage(105, LogLevel.Warning, "A session could not be stored before an error response started. The response is left as it is; the end of the request tries once more.")]
    public static partial void CommitBeforeErrorResponseFailed(ILogger logger, Exception exception);
}
