namespace CascadeCache.Emulators.Datastore;

/// <summary>What a query can reach: a partition, narrowed to a kind (null: all) and to the descendants of a key path (null: all).</summary>
internal sealed record EntityScope(Partition Partition, string? Kind, byte[]? Ancestor);
