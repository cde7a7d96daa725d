namespace CascadeCache.Emulators.Datastore;

/// <summary>One separate space of keys. The default database and the default namespace are the empty string.</summary>
internal readonly record struct Partition(string Project, string Database, string Namespace);
