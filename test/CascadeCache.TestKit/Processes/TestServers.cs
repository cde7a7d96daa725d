using CascadeCache.Emulators;

namespace CascadeCache.TestKit.Processes;

/// <summary>One of each server for all tests of an assembly; every test keeps to itself by its key prefix. Each is started when it is first asked for.</summary>
public sealed class TestServers : IAsyncDisposable
{
    private readonly Lazy<Task<RealMemcached>> _realMemcached = new(() => RealMemcached.StartAsync());
    private readonly Lazy<Task<MemcachedEmulator>> _emulatedMemcached = new(() => MemcachedEmulator.StartAsync());
    private readonly Lazy<Task<DatastoreEmulator>> _datastore = new(() => DatastoreEmulator.StartAsync());

    public async Task<string> RealMemcachedAsync() => (await _realMemcached.Value).Host;

    /// <summary>What the real memcached holds under a prefix: the keys without it.</summary>
    public async Task<IReadOnlyList<string>> KeysAsync(string prefix)
    {
        string dump = await (await _realMemcached.Value).AskAsync("lru_crawler metadump all\r\n", "END\r\n");
        return [.. dump.Split('\n').Select(static line => line.Split(' ')[0]).Where(key => key.StartsWith("key=" + prefix, StringComparison.Ordinal)).Select(key => key[("key=" + prefix).Length..])];
    }

    public async Task<string> EmulatedMemcachedAsync() => (await _emulatedMemcached.Value).Host;

    public async Task<string> DatastoreAsync() => (await _datastore.Value).Host;

    public async ValueTask DisposeAsync()
    {
        await EndAsync(_realMemcached);
        await EndAsync(_emulatedMemcached);
        await EndAsync(_datastore);
    }

    private static async Task EndAsync<T>(Lazy<Task<T>> server)
        where T : IAsyncDisposable
    {
        if (server.IsValueCreated && server.Value.IsCompletedSuccessfully)
        {
            await (await server.Value).DisposeAsync();
        }
    }
}
