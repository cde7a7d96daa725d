namespace CascadeCache.Emulators.Datastore;

/// <summary>Keeps all entities in memory. Each key has a chain of versions, oldest first.</summary>
internal sealed class MemoryEntityStore : IEntityStore
{
    // An hour of history is promised, but large values rewritten often must not exhaust the memory.
    private const long MaxHistoryBytes = 256L * 1024 * 1024;
    private readonly Dictionary<Partition, Dictionary<string, Dictionary<EntityKey, List<StoredEntity>>>> partitions = [];
    private readonly Queue<Superseded> history = new();
    private long historyBytes;

    /// <summary>Told of each version that is forgotten for good.</summary>
    public Action<EntityKey, long>? Forgotten { get; init; }

    public long LastVersion { get; private set; }

    public long Floor { get; private set; }

    public StoredEntity? Read(EntityKey key, long at) => Chain(key) is { } chain ? AsOf(chain, at) : null;

    public long LastChange(EntityKey key) => Chain(key) is { Count: > 0 } chain ? chain[^1].Version : 0;

    public IEnumerable<StoredEntity> Scan(EntityScope scope, long at) =>
        from chain in Chains(scope)
        let entity = AsOf(chain, at)
        where entity is not null
        select entity;

    public bool ChangedSince(EntityScope scope, long version) => Chains(scope).Any(chain => chain[^1].Version > version);

    public void Write(long version, IReadOnlyList<StoredEntity> changes)
    {
        foreach (var change in changes)
        {
            Add(change);
        }

        LastVersion = Math.Max(LastVersion, version);
    }

    public void Prune(long horizon)
    {
        while (history.TryPeek(out var oldest) && (oldest.By <= horizon || historyBytes > MaxHistoryBytes))
        {
            history.Dequeue();
            historyBytes -= oldest.Bytes;
            Floor = Math.Max(Floor, oldest.By);
            Forget(oldest);
        }
    }

    /// <summary>Takes over what an earlier process knew of its versions.</summary>
    public void Restore(long lastVersion, long floor)
    {
        LastVersion = Math.Max(LastVersion, lastVersion);
        Floor = Math.Max(Floor, floor);
    }

    public void Dispose() => partitions.Clear();

    private static StoredEntity? AsOf(List<StoredEntity> chain, long at)
    {
        var i = chain.Count - 1;
        while (i >= 0 && chain[i].Version > at)
        {
            i--;
        }

        return i >= 0 && chain[i].Entity is not null ? chain[i] : null;
    }

    private void Add(StoredEntity change)
    {
        var kinds = GetOrAdd(partitions, change.Key.Partition);
        var entities = GetOrAdd(kinds, change.Key.Kind);
        var chain = GetOrAdd(entities, change.Key);
        if (chain.Count > 0 || change.Entity is null)
        {
            // The size of what becomes history: what is replaced, plus a constant for a deletion's own record.
            long bytes = 64 + (chain.Count > 0 ? chain[^1].Entity?.CalculateSize() ?? 0 : 0);
            history.Enqueue(new Superseded(change.Key, change.Version, bytes));
            historyBytes += bytes;
        }

        chain.Add(change);
    }

    private void Forget(Superseded superseded)
    {
        var chain = Chain(superseded.Key);
        if (chain is null)
        {
            return;
        }

        // A deletion that nobody can look behind any more needs no record either.
        var count = chain.FindIndex(entity => entity.Version >= superseded.By);
        count = count < 0 ? chain.Count : count;
        count += count < chain.Count && chain[count].Version == superseded.By && chain[count].Entity is null ? 1 : 0;
        for (var i = 0; i < count; i++)
        {
            Forgotten?.Invoke(superseded.Key, chain[i].Version);
        }

        chain.RemoveRange(0, count);
        if (chain.Count == 0)
        {
            partitions[superseded.Key.Partition][superseded.Key.Kind].Remove(superseded.Key);
        }
    }

    private IEnumerable<List<StoredEntity>> Chains(EntityScope scope)
    {
        if (!partitions.TryGetValue(scope.Partition, out var kinds))
        {
            return [];
        }

        var chains = kinds.Where(kind => scope.Kind is null || scope.Kind == kind.Key).SelectMany(kind => kind.Value);
        return chains.Where(pair => scope.Ancestor is null || pair.Key.HasAncestor(scope.Ancestor)).Select(pair => pair.Value);
    }

    private List<StoredEntity>? Chain(EntityKey key) =>
        partitions.TryGetValue(key.Partition, out var kinds) && kinds.TryGetValue(key.Kind, out var entities)
            ? entities.GetValueOrDefault(key)
            : null;

    private static TValue GetOrAdd<TKey, TValue>(Dictionary<TKey, TValue> map, TKey key)
        where TKey : notnull
        where TValue : new()
    {
        if (!map.TryGetValue(key, out var value))
        {
            map[key] = value = new TValue();
        }

        return value;
    }

    /// <summary>The versions of a key before <paramref name="By"/> are history since then.</summary>
    private readonly record struct Superseded(EntityKey Key, long By, long Bytes);
}
