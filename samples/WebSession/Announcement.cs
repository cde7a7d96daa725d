namespace WebSession;

/// <summary>What the person who started the application wants to know first.</summary>
internal static class Announcement
{
    public static void Write(TextWriter output, IEnumerable<string> urls, Settings settings, EmbeddedServers embedded)
    {
        output.WriteLine($"Open {string.Join(" or ", urls)}");
        output.WriteLine($"memcached: {(embedded.MemcachedHost is { } memcached ? memcached + " (emulator in this process)" : "as configured")}");
        output.WriteLine($"Datastore: {(embedded.DatastoreHost is { } datastore ? datastore + " (emulator in this process)" : "as configured")}");
        output.WriteLine($"Data: {settings.Data}");
        string[] servers = Servers(embedded);
        if (servers.Length > 0)
        {
            output.WriteLine($"A second instance that shares the sessions{(servers.Length == 1 ? ", with the same configuration" : "")}:");
            output.WriteLine($"  dotnet \"{typeof(Announcement).Assembly.Location}\" --data \"{settings.Data}\" --urls http://127.0.0.1:0 {string.Join(' ', servers)}");
        }
    }

    // As arguments, not as variables: every shell takes them.
    private static string[] Servers(EmbeddedServers embedded) =>
    [
        .. embedded.MemcachedHost is { } memcached ? [$"--CascadeCache:Memcache:Servers:0={memcached}"] : Array.Empty<string>(),
        .. embedded.DatastoreHost is { } datastore ? [$"--CascadeCache:Datastore:EmulatorHost={datastore}"] : Array.Empty<string>(),
    ];
}
