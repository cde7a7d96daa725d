namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary>What a turn's calls have to be.</summary>
internal enum ExpectedCalls
{
    /// <summary>Reads that memcached answers.</summary>
    MemcacheHits,

    /// <summary>Writes to memcached alone.</summary>
    MemcacheWrites,

    /// <summary>Writes that commit.</summary>
    DatastoreWrites,
}

/// <summary>Compares the cache's own counters from before and after a turn: a read that was no hit, or a write that met a retry, was not what was to be measured.</summary>
internal sealed class CounterCheck(CascadeDistributedCache cache, ExpectedCalls expected)
{
    private CascadeCacheStatistics _before = cache.GetStatistics();

    public void Begin() => _before = cache.GetStatistics();

    /// <exception cref="InvalidOperationException">The counters tell of something else.</exception>
    public void Verify(long calls)
    {
        CascadeCacheStatistics after = cache.GetStatistics();
        bool isRead = expected == ExpectedCalls.MemcacheHits;
        Require("hits", after.MemcacheHits - _before.MemcacheHits, isRead ? calls : null);
        Require("Datastore reads", after.DatastoreReads - _before.DatastoreReads, 0);
        Require("Datastore writes", after.DatastoreWrites - _before.DatastoreWrites, expected == ExpectedCalls.DatastoreWrites ? calls : 0);
        Require("retries", after.Retries - _before.Retries, 0);
        Require("unavailable", after.MemcacheUnavailable - _before.MemcacheUnavailable, 0);
        Require("backlog", after.BacklogAdded - _before.BacklogAdded, 0);
        Require("bypasses", after.Bypasses - _before.Bypasses, 0);
    }

    private static void Require(string what, long count, long? right)
    {
        if (right is { } number && count != number)
        {
            throw new InvalidOperationException($"{what}: {count}, expected {number}");
        }
    }
}
