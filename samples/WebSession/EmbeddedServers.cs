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

    public string? MemcachedHost => _memcached?.Host;

    public string? DatastoreHost => _datastore?.Host;

    public static async Task<EmbeddedServers> StartAsync(IConfiguration configuration, string data)
    {
        var servers = new EmbeddedServers();
        IConfigurationSection cache = configuration.GetSection("CascadeCache");
        if (!cache.GetSection("Memcache:Servers").GetChildren().Any())
        {
            servers._memcached = await MemcachedEmulator.StartAsync(new MemcachedEmulatorOptions { InitialUptime = PretendedUptime });
        }

        string?[] named = [configuration["DATASTORE_EMULATOR_HOST"], cache["Datastore:EmulatorHost"], cache["Datastore:ProjectId"], cache["Datastore:Endpoint"]];
        if (named.All(string.IsNullOrEmpty))
        {
            Directory.CreateDirectory(data);
            servers._datastore = await StartDatastoreAsync(Path.Combine(data, "datastore.db"));
        }

        return servers;
    }

    /// <summary>Points the cache at what was started here.</summary>
    public void Apply(CascadeCacheOptions options)
    {
        if (MemcachedHost is { } memcached)
        {
            options.Memcache.Servers.Add(memcached);
        }

        if (DatastoreHost is { } datastore)
        {
            options.Datastore.EmulatorHost = datastore;
        }

        if (DatastoreHost is not null || options.Datastore.EmulatorHost is not null || Environment.GetEnvironmentVariable("DATASTORE_EMULATOR_HOST") is not null)
        {
            options.Datastore.ProjectId ??= "web-session"; // an emulator takes any project
        }
    }

    public void Announce(TextWriter output, ICollection<string> urls, string data)
    {
        output.WriteLine($"Open {string.Join(" or ", urls)}");
        output.WriteLine($"memcached: {(MemcachedHost is null ? "as configured" : MemcachedHost + " (emulator in this process)")}");
        output.WriteLine($"Datastore: {(DatastoreHost is null ? "as configured" : $"{DatastoreHost} (emulator in this process, data in {data})")}");
        if (MemcachedHost is not null && DatastoreHost is not null)
        {
            output.WriteLine("A second instance that shares the sessions:");
            output.WriteLine($"  CascadeCache__Memcache__Servers__0={MemcachedHost} DATASTORE_EMULATOR_HOST={DatastoreHost} dotnet run --project samples/WebSession -- --data \"{data}\" --urls http://127.0.0.1:5100");
        }
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

    private static async Task<DatastoreEmulator> StartDatastoreAsync(string file)
    {
        try
        {
            return await DatastoreEmulator.StartAsync(new DatastoreEmulatorOptions { DataFile = file });
        }
        catch (IOException e)
        {
            throw new InvalidOperationException(
                $"The data file '{file}' cannot be used ({e.Message}). If another instance uses it, start this one with the line that the other one has printed, or with another --data.", e);
        }
    }
}
