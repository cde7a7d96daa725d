namespace CascadeCache.Datastore;

/// <summary>The names of an entity's properties. All of them are excluded from indexes.</summary>
internal static class EntityProperties
{
    /// <summary>Blob: the bytes.</summary>
    public const string Value = "Value";

    /// <summary>Timestamp: when this copy expires, for us and for a TTL policy. Absent: never.</summary>
    public const string ExpiresAt = "ExpiresAt";

    /// <summary>Integer: the absolute expiration in milliseconds since 1970; the largest integer: none.</summary>
    public const string AbsoluteAt = "AbsoluteAt";

    /// <summary>Integer: the sliding window in milliseconds; 0: none.</summary>
    public const string Window = "Window";

    /// <summary>Blob: the UTF-16 code units of the key, when the entity's name is only its hash.</summary>
    public const string FullKey = "FullKey";

    /// <summary>Integer: how the bytes were made from the value. Absent: they are the value.</summary>
    public const string Encoding = "Encoding";
}
