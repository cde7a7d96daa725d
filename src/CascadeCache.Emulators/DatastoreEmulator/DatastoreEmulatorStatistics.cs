namespace CascadeCache.Emulators;

/// <summary>What a <see cref="DatastoreEmulator"/> has done since it started, as of one moment.</summary>
public sealed class DatastoreEmulatorStatistics
{
    /// <summary>Calls of Lookup, refused ones included.</summary>
    public long Lookups { get; init; }

    /// <summary>Calls of RunQuery and RunAggregationQuery, refused ones included.</summary>
    public long Queries { get; init; }

    /// <summary>Calls of Commit, refused ones included.</summary>
    public long Commits { get; init; }

    /// <summary>Transactions that were begun, by BeginTransaction or by a read; single-use ones are not counted.</summary>
    public long Transactions { get; init; }

    /// <summary>Entities returned by lookups and queries.</summary>
    public long EntitiesRead { get; init; }

    /// <summary>Entities stored. A write that leaves an entity as it was is not counted.</summary>
    public long EntitiesWritten { get; init; }

    /// <summary>Entities deleted. The deletion of an absent entity is not counted.</summary>
    public long EntitiesDeleted { get; init; }

    /// <summary>Mutations whose base version or update time did not match, and commits aborted because of a stale read.</summary>
    public long Conflicts { get; init; }
}
