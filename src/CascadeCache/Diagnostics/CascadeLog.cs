using Microsoft.Extensions.Logging;

namespace CascadeCache.Diagnostics;

/// <summary>Every log message, with an id that is never used for another. None holds a key or a value.</summary>
internal static partial class CascadeLog
{
    [LoggerMessage(1, LogLevel.Information, "A value of {Size} bytes is larger than MaxMemcacheSessionSizeBytes ({Limit}) and is kept in Datastore only.")]
    public static partial void BypassOverLimit(ILogger logger, long size, long limit);

    [LoggerMessage(2, LogLevel.Information, "A value of {Size} bytes is larger than the {Limit} bytes that memcached server {Server} can hold under its key, and is kept in Datastore only.")]
    public static partial void BypassOverServerLimit(ILogger logger, long size, long limit, string server);

    [LoggerMessage(3, LogLevel.Warning, "An item of {Size} bytes on memcached server {Server} is damaged or was not written by this cache. It is treated as missing and repaired from Datastore.")]
    public static partial void RejectedPayload(ILogger logger, int size, string server);

    [LoggerMessage(4, LogLevel.Warning, "memcached server {Server} cannot be used; its keys are served by Datastore.")]
    public static partial void MemcacheUnavailable(ILogger logger, string server, Exception? exception);

    [LoggerMessage(5, LogLevel.Warning, "A write could not lock its key on memcached server {Server}. Its copy there is invalidated as soon as the server answers; until then this process does not read that server.")]
    public static partial void BacklogAdded(ILogger logger, string server);

    [LoggerMessage(6, LogLevel.Information, "{Count} copies on memcached server {Server} that could not be invalidated before have been invalidated.")]
    public static partial void BacklogDrained(ILogger logger, int count, string server);

    [LoggerMessage(7, LogLevel.Error, "More than {Limit} copies on memcached server {Server} wait to be invalidated. This process now takes every copy there that was made before for outdated, and replaces it from Datastore.")]
    public static partial void BacklogOverflow(ILogger logger, int limit, string server);

    [LoggerMessage(8, LogLevel.Warning, "A step in the background failed. Nothing is lost: the next access tries again.")]
    public static partial void BackgroundFailed(ILogger logger, Exception exception);

    [LoggerMessage(9, LogLevel.Warning, "The lock of a write was lost on memcached server {Server} before the write had ended (evicted, flushed, or the server restarted). Its copy has been checked.")]
    public static partial void LockLost(ILogger logger, string server);

    [LoggerMessage(10, LogLevel.Warning, "The outcome of a Datastore write is unknown. Its key is served by Datastore for {Seconds} s.")]
    public static partial void OutcomeUnknown(ILogger logger, int seconds, Exception exception);

    [LoggerMessage(11, LogLevel.Debug, "{Operation} done.")]
    public static partial void Done(ILogger logger, string operation);

    [LoggerMessage(12, LogLevel.Warning, "{Tier} failed: {Reason}. Attempt {Attempt}, next one in {Delay}.")]
    public static partial void Retrying(ILogger logger, string tier, string reason, int attempt, TimeSpan delay);

    [LoggerMessage(13, LogLevel.Warning, "The circuit of {Tier} is open for {Duration}: too many attempts failed.")]
    public static partial void CircuitOpened(ILogger logger, string tier, TimeSpan duration);

    [LoggerMessage(14, LogLevel.Information, "The circuit of {Tier} is closed again.")]
    public static partial void CircuitClosed(ILogger logger, string tier);

    [LoggerMessage(15, LogLevel.Error, "The cache ends, and {Count} copies on memcached could not be invalidated. Other processes may read their older values for at most {Duration}.")]
    public static partial void BacklogLeft(ILogger logger, int count, TimeSpan duration);

    [LoggerMessage(16, LogLevel.Error, "Data Protection could not protect a new key, so nothing can be put into memcached (ProtectValues). Values are kept in Datastore only, until it can again.")]
    public static partial void SealingFailed(ILogger logger, Exception exception);
}
