using Microsoft.Extensions.Logging;

namespace CascadeCache.Datastore;

/// <summary>The log messages of the Datastore client: ids 200 to 249, never used for another message. None holds a key or a value.</summary>
internal static partial class DatastoreLog
{
    [LoggerMessage(200, LogLevel.Warning, "An entity of kind {Kind} has the name of a hashed key but belongs to another key. It is treated as missing.")]
    public static partial void OtherKeysEntity(ILogger logger, string kind);
}
