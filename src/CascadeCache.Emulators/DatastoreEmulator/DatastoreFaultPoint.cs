namespace CascadeCache.Emulators;

/// <summary>A moment of a call at which <see cref="DatastoreEmulatorOptions.OnCall"/> can interfere.</summary>
public sealed class DatastoreFaultPoint
{
    /// <summary>The method, such as <c>Lookup</c> or <c>Commit</c>.</summary>
    public required string Method { get; init; }

    /// <summary>Whether the call is about to be executed or has been.</summary>
    public required DatastoreFaultPhase Phase { get; init; }

    /// <summary>The number of the call, from 1, counted over all methods; the same before and after.</summary>
    public required long Call { get; init; }

    /// <summary>The project that the request names.</summary>
    public required string ProjectId { get; init; }

    /// <summary>The names of the keys that a Lookup reads or a Commit writes, in order; an empty string for a key with an id. Otherwise empty.</summary>
    public required IReadOnlyList<string> KeyNames { get; init; }
}
