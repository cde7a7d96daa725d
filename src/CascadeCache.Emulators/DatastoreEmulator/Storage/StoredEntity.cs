using CascadeCache.Emulators.Datastore.Protocol;

namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// One version of one entity; immutable. <paramref name="Entity"/> null is a deletion. <paramref name="Created"/> is the version in
/// which the entity last came into being. The message is shared with every reader and must never be changed.
/// </summary>
internal sealed record StoredEntity(EntityKey Key, long Version, long Created, Entity? Entity);
