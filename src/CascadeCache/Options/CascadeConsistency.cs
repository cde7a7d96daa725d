namespace CascadeCache;

/// <summary>What a write does when the memcached server of its key cannot be reached.</summary>
public enum CascadeConsistency
{
    /// <summary>
    /// The write goes to Datastore and succeeds. The key is put on the backlog and its memcached copy is invalidated as soon as the server
    /// answers again; until then this process does not read that server, and other processes may see the older value for at most
    /// <see cref="CascadeCacheOptions.MaxStaleness"/>.
    /// </summary>
    Available,

    /// <summary>The write fails with <see cref="CascadeUnavailableException"/> before Datastore is touched.</summary>
    Strict,
}
