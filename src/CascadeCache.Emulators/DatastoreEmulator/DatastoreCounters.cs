namespace CascadeCache.Emulators.Datastore;

/// <summary>What the engine counts; changed and read under its lock.</summary>
internal sealed class DatastoreCounters
{
    public long Lookups { get; set; }

    public long Queries { get; set; }

    public long Commits { get; set; }

    public long EntitiesRead { get; set; }

    public long EntitiesWritten { get; set; }

    public long EntitiesDeleted { get; set; }

    public long Conflicts { get; set; }
}
