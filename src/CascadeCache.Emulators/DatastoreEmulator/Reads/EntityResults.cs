using CascadeCache.Emulators.Datastore.Protocol;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Stored entities as results of a read.</summary>
internal static class EntityResults
{
    public static EntityResult Of(StoredEntity stored, Entity shown) => new()
    {
        Entity = shown,
        Version = stored.Version,
        UpdateTime = Timestamps.FromMicros(stored.Version),
        CreateTime = Timestamps.FromMicros(stored.Created),
    };
}
