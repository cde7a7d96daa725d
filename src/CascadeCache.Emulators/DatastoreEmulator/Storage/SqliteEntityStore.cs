using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Microsoft.Data.Sqlite;

namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// A memory store whose every commit is first written to one SQLite file. All data is read at the start, so reads never touch the
/// file; the file holds the same versions as the memory, the history for read times included.
/// </summary>
internal sealed class SqliteEntityStore : IEntityStore
{
    // FULL makes each commit wait for the disk: an acknowledged commit survives a crash of the process and of the machine.
    // The exclusive lock keeps a second emulator out: two of them would give out the same versions.
    private const string Prepare = """
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        CREATE TABLE IF NOT EXISTS entity (
            project TEXT NOT NULL, database TEXT NOT NULL, namespace TEXT NOT NULL, path BLOB NOT NULL,
            version INTEGER NOT NULL, created INTEGER NOT NULL, body BLOB);
        CREATE UNIQUE INDEX IF NOT EXISTS entity_version ON entity (project, database, namespace, path, version);
        CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        """;

    private const int SecondsForTheLock = 1;
    private readonly MemoryEntityStore memory;
    private readonly SqliteConnection connection;
    private readonly List<(EntityKey Key, long Version)> forgotten = [];

    public SqliteEntityStore(string file)
    {
        memory = new MemoryEntityStore { Forgotten = (key, version) => forgotten.Add((key, version)) };
        connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = SecondsForTheLock }.ToString());
        try
        {
            Open();
        }
        catch (Exception failure) when (failure is SqliteException or InvalidProtocolBufferException)
        {
            connection.Dispose();
            throw new IOException($"The data file {file} cannot be used: {failure.Message}", failure);
        }
    }

    public long LastVersion => memory.LastVersion;

    public long Floor => memory.Floor;

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
                Insert(change);
            }

            foreach (var (key, forgottenVersion) in forgotten)
            {
                Delete(key, forgottenVersion);
            }

            SetState("version", version);
            SetState("floor", memory.Floor);
            transaction.Commit();
        }

        forgotten.Clear();
        memory.Write(version, changes);
    }

    public void Prune(long horizon) => memory.Prune(horizon);

    public void Dispose()
    {
        connection.Dispose();
        memory.Dispose();
    }

    private void Open()
    {
        connection.Open();
        Run(Prepare);
        using var all = Command("SELECT project, database, namespace, path, version, created, body FROM entity ORDER BY version");
        using (var rows = all.ExecuteReader())
        {
            while (rows.Read())
            {
                memory.Write(rows.GetInt64(4), [Load(rows)]);
            }
        }

        memory.Restore(State("version"), State("floor"));
    }

    private static StoredEntity Load(SqliteDataReader row)
    {
        var partition = new Partition(row.GetString(0), row.GetString(1), row.GetString(2));
        var key = new EntityKey(partition, row.GetFieldValue<byte[]>(3));
        var body = row.IsDBNull(6) ? null : Entity.Parser.ParseFrom(row.GetFieldValue<byte[]>(6));
        return new StoredEntity(key, row.GetInt64(4), row.GetInt64(5), body);
    }

    private void Insert(StoredEntity change)
    {
        using var insert = Command("INSERT INTO entity VALUES ($project, $database, $namespace, $path, $version, $created, $body)");
        AddKey(insert, change.Key, change.Version);
        insert.Parameters.AddWithValue("$created", change.Created);
        insert.Parameters.AddWithValue("$body", change.Entity is null ? DBNull.Value : change.Entity.ToByteArray());
        insert.ExecuteNonQuery();
    }

    private void Delete(EntityKey key, long version)
    {
        using var delete = Command(
            "DELETE FROM entity WHERE project = $project AND database = $database AND namespace = $namespace AND path = $path AND version = $version");
        AddKey(delete, key, version);
        delete.ExecuteNonQuery();
    }

    private static void AddKey(SqliteCommand command, EntityKey key, long version)
    {
        command.Parameters.AddWithValue("$project", key.Partition.Project);
        command.Parameters.AddWithValue("$database", key.Partition.Database);
        command.Parameters.AddWithValue("$namespace", key.Partition.Namespace);
        command.Parameters.AddWithValue("$path", key.Path.ToArray());
        command.Parameters.AddWithValue("$version", version);
    }

    private void SetState(string name, long value)
    {
        using var set = Command("INSERT INTO state VALUES ($name, $value) ON CONFLICT (name) DO UPDATE SET value = $value");
        set.Parameters.AddWithValue("$name", name);
        set.Parameters.AddWithValue("$value", value);
        set.ExecuteNonQuery();
    }

    private long State(string name)
    {
        using var get = Command("SELECT value FROM state WHERE name = $name");
        get.Parameters.AddWithValue("$name", name);
        return get.ExecuteScalar() as long? ?? 0;
    }

    private void Run(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
}
