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

    /// <summary>Integer: in how many entities the value lies, this one included. Absent: in this one.</summary>
    public const string Chunks = "Chunks";

    /// <summary>Integer: the bytes of the whole value, when it lies in several entities.</summary>
    public const string Length = "Length";

    /// <summary>Blob: 16 random bytes that all entities of one write of a value have in common.</summary>
    public const string Generation = "Generation";

    /// <summary>Blob: the XXH128 of the whole value, when it lies in several entities.</summary>
    public const string Checksum = "Checksum";

    /// <summary>Integer: which part of the value this is, from 1; in entities of the kind of chunks only.</summary>
    public const string Index = "Index";
}
