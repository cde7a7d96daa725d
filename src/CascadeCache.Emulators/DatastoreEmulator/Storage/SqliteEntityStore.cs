using CascadeCache.Emulators.Datastore.Protocol;
using Microsoft.Data.Sqlite;

namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// Keeps the newest version of every entity in one SQLite file, and serves all reads from memory. A commit is on disk before it is answered, so that
/// killing the process loses nothing that was acknowledged. History does not survive: reads at an earlier time begin anew at each start.
/// </summary>
internal sealed class SqliteEntityStore : IEntityStore
{
    // The write-ahead log is flushed at every commit, and another process that opens the file finds it locked at once.
    private const string Setup =
        """
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        CREATE TABLE IF NOT EXISTS entities (
            project TEXT NOT NULL, database TEXT NOT NULL, namespace TEXT NOT NULL, path BLOB NOT NULL,
            version INTEGER NOT NULL, created INTEGER NOT NULL, entity BLOB NOT NULL,
            PRIMARY KEY (project, database, namespace, path)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL);
        INSERT OR IGNORE INTO state VALUES (1, 0);
        """;

    private const string Upsert = "INSERT OR REPLACE INTO entities VALUES ($project, $database, $namespace, $path, $version, $created, $entity)";
    private const string Delete = "DELETE FROM entities WHERE project = $project AND database = $database AND namespace = $namespace AND path = $path";

    private readonly SqliteConnection connection;
    private readonly MemoryEntityStore memory = new();
    private readonly long floor;

    private SqliteEntityStore(SqliteConnection connection)
    {
        this.connection = connection;
        Execute(Setup);
        floor = Load();
    }

    public long LastVersion => Math.Max(floor, memory.LastVersion);

    public long Floor => Math.Max(floor, memory.Floor);

    /// <exception cref="IOException">The file cannot be opened, is no database, or is in use by another process.</exception>
    public static SqliteEntityStore Open(string file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 1 }.ToString());
        try
        {
            connection.Open();
            return new SqliteEntityStore(connection);
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw new IOException($"the data file '{file}' cannot be used: {e.Message}", e);
        }
    }

    public StoredEntity? Read(EntityKey key, long at) => memory.Read(key, at);

    public long LastChange(EntityKey key) => memory.LastChange(key);

    public IEnumerable<StoredEntity> Scan(EntityScope scope, long at) => memory.Scan(scope, at);

    public bool ChangedSince(EntityScope scope, long version) => memory.ChangedSince(scope, version);

    public void Write(long version, IReadOnlyList<StoredEntity> changes)
    {
        using (var transaction = connection.BeginTransaction())
        {
            foreach (var change in changes)
            {
                Save(change, transaction);
            }

            using var state = Command("UPDATE state SET version = $version", transaction);
            state.Parameters.AddWithValue("$version", version);
            state.ExecuteNonQuery();
            transaction.Commit();
        }

        // Only what is on disk is shown.
        memory.Write(version, changes);
    }

    public void Prune(long horizon) => memory.Prune(horizon);

    public void Dispose()
    {
        memory.Dispose();
        connection.Dispose();
    }

    private void Save(StoredEntity change, SqliteTransaction transaction)
    {
        using var command = Command(change.Entity is null ? Delete : Upsert, transaction);
        command.Parameters.AddWithValue("$project", change.Key.Partition.Project);
        command.Parameters.AddWithValue("$database", change.Key.Partition.Database);
        command.Parameters.AddWithValue("$namespace", change.Key.Partition.Namespace);
        command.Parameters.AddWithValue("$path", change.Key.Path.ToArray());
        if (change.Entity is { } entity)
        {
            command.Parameters.AddWithValue("$version", change.Version);
            command.Parameters.AddWithValue("$created", change.Created);
            command.Parameters.AddWithValue("$entity", Google.Protobuf.MessageExtensions.ToByteArray(entity));
        }

        command.ExecuteNonQuery();
    }

    private long Load()
    {
        var loaded = new List<StoredEntity>();
        using (var command = Command("SELECT project, database, namespace, path, version, created, entity FROM entities", null))
        using (var row = command.ExecuteReader())
        {
            while (row.Read())
            {
                var key = new EntityKey(new Partition(row.GetString(0), row.GetString(1), row.GetString(2)), row.GetFieldValue<byte[]>(3));
                loaded.Add(new StoredEntity(key, row.GetInt64(4), row.GetInt64(5), Entity.Parser.ParseFrom(row.GetFieldValue<byte[]>(6))));
            }
        }

        using var state = Command("SELECT version FROM state", null);
        var last = (long)state.ExecuteScalar()!;
        memory.Write(last, loaded);
        return last;
    }

    private void Execute(string statements)
    {
        using var command = Command(statements, null);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string text, SqliteTransaction? transaction)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text is a constant of this file.
        command.CommandText = text;
#pragma warning restore CA2100
        command.Transaction = transaction;
        return command;
    }
}
