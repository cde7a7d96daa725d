namespace CascadeCache.Emulators.Datastore;

/// <summary>An open transaction: what it reads at, and what it has read, which a commit compares with what changed since.</summary>
internal sealed class Transaction(long id, Partition scope, bool readOnly, long? readTime, DateTimeOffset began)
{
    private readonly HashSet<EntityKey> keys = [];
    private readonly List<EntityScope> scopes = [];

    public long Id { get; } = id;

    public Partition Scope { get; } = scope;

    public bool ReadOnly { get; } = readOnly;

    /// <summary>The version that every read of this transaction sees; taken at its first read unless it was given a read time.</summary>
    public long? Snapshot { get; set; } = readTime;

    public DateTimeOffset Began { get; } = began;

    public DateTimeOffset LastUsed { get; set; } = began;

    public void Observe(EntityKey key)
    {
        if (!ReadOnly)
        {
            keys.Add(key);
        }
    }

    public void Observe(EntityScope queried)
    {
        if (!ReadOnly)
        {
            scopes.Add(queried);
        }
    }

    /// <summary>Whether something it read is no longer what it read, absence included.</summary>
    public bool IsStale(IEntityStore store) =>
        Snapshot is { } at && (keys.Any(key => store.LastChange(key) > at) || scopes.Any(queried => store.ChangedSince(queried, at)));
}
