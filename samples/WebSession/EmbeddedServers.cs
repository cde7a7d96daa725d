using System.Net.Sockets;
using CascadeCache;
using CascadeCache.Emulators;

namespace WebSession;

/// <summary>Stands in for the servers that the configuration does not name: emulators in this process, ended with it.</summary>
internal sealed class EmbeddedServers : IAsyncDisposable
{
    // A freshly started memcached is not filled for half a minute, in case writers held locks on it before. This one has no past.
    private static readonly TimeSpan PretendedUptime = TimeSpan.FromHours(1);

    private MemcachedEmulator? _memcached;
    private DatastoreEmulator? _datastore;

    /// <summary>Where the memcached emulator is; null when the configuration names a server.</summary>
    public string? MemcachedHost => _memcached?.Host;

    /// <summary>Where the Datastore emulator is; null when the configuration names a Datastore.</summary>
    public string? DatastoreHost => _datastore?.Host;

    public static async Task<EmbeddedServers> StartAsync(Settings settings)
    {
        var servers = new EmbeddedServers();
        try
        {
            servers._memcached = settings.HasMemcached ? null : await StartMemcachedAsync(settings);
            servers._datastore = settings.HasDatastore ? null : await StartDatastoreAsync(settings);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>Points the cache at what was started here.</summary>
    public void Apply(CascadeCacheOptions options)
    {
        if (MemcachedHost is { } memcached)
        {
            options.Memcache.Servers.Add(memcached);
        }

        options.Datastore.EmulatorHost = DatastoreHost ?? options.Datastore.EmulatorHost;
        Settings.SetEmulatorProject(options.Datastore);
    }

    public async ValueTask DisposeAsync()
    {
        if (_memcached is not null)
        {
            await _memcached.DisposeAsync();
        }

        if (_datastore is not null)
        {
            await _datastore.DisposeAsync();
        }
    }

    private static async Task<MemcachedEmulator> StartMemcachedAsync(Settings settings)
    {
        try
        {
            return await MemcachedEmulator.StartAsync(new MemcachedEmulatorOptions { Port = settings.MemcachedPort, InitialUptime = PretendedUptime });
        }
        catch (SocketException e)
        {
            throw new IOException($"the memcached emulator cannot listen on port {settings.MemcachedPort} ({e.Message}).", e);
        }
    }

    private static async Task<DatastoreEmulator> StartDatastoreAsync(Settings settings)
    {
        string file = Path.Combine(Directory.CreateDirectory(settings.Data).FullName, "datastore.db");
        try
        {
            return await DatastoreEmulator.StartAsync(new DatastoreEmulatorOptions { Port = settings.DatastorePort, DataFile = file });
        }
        catch (IOException e)
        {
            throw new IOException(
                $"the Datastore emulator does not start. {e.Message} "
                + "If another instance uses the file, start this one with the line that the other one has printed, or with another --data.", e);
        }
    }
}
