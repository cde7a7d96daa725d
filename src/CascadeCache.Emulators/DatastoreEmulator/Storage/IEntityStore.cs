namespace CascadeCache.Emulators.Datastore;

/// <summary>Entities with their recent history. Not thread-safe: the engine calls under its lock.</summary>
internal interface IEntityStore : IDisposable
{
    /// <summary>The highest version ever written, also by earlier processes; 0 for an empty store.</summary>
    long LastVersion { get; }

    /// <summary>Reads at or above this version are complete; older ones would miss what was pruned.</summary>
    long Floor { get; }

    /// <summary>The entity as of a version, or null when there was none. A deletion counts as none.</summary>
    StoredEntity? Read(EntityKey key, long at);

    /// <summary>The version of the newest change of a key, deletions included; 0 when nothing is known.</summary>
    long LastChange(EntityKey key);

    /// <summary>The entities of a scope as of a version, in no order.</summary>
    IEnumerable<StoredEntity> Scan(EntityScope scope, long at);

    /// <summary>Whether anything in the scope changed after a version.</summary>
    bool ChangedSince(EntityScope scope, long version);

    /// <summary>Adds the changes of one commit, all or none; when this returns they are as durable as the store is.</summary>
    void Write(long version, IReadOnlyList<StoredEntity> changes);

    /// <summary>Forgets versions that were superseded at or before <paramref name="horizon"/>, and more when history takes too much memory.</summary>
    void Prune(long horizon);
}
