using System.Globalization;
using CascadeCache.Stress.Processes;
using CascadeCache.TestKit.Servers;

namespace CascadeCache.Stress.Linearizability;

/// <summary>A worker's place: its own ways to the servers, and the process that has the place now. Used by one caller at a time.</summary>
internal sealed class WorkerPlace : IAsyncDisposable
{
    private readonly RunOptions _options;
    private readonly string _command;
    private readonly int _slot;
    private readonly string _folder;
    private readonly Action<string> _onLine;
    private readonly List<(string Path, int Process)> _records = [];
    private ChildProgram? _child;
    private int _incarnation;

    public WorkerPlace(RunOptions options, string command, int slot, IEnumerable<int> memcachedPorts, int datastorePort, string folder, Action<string> onLine)
    {
        (_options, _command, _slot, _folder, _onLine) = (options, command, slot, folder, onLine);
        Memcached = [.. memcachedPorts.Select(static port => new FaultProxy(port))];
        Datastore = new FaultProxy(datastorePort);
    }

    public IReadOnlyList<FaultProxy> Memcached { get; }

    public FaultProxy Datastore { get; }

    /// <summary>The files of all processes that have had the place.</summary>
    public IReadOnlyList<(string Path, int Process)> Records => _records;

    public async Task StartAsync()
    {
        int incarnation = ++_incarnation;
        var settings = new WorkerSettings
        {
            Slot = _slot,
            Incarnation = incarnation,
            Seed = _options.Seed,
            Consistency = _options.Consistency,
            IsBroken = _options.IsBroken,
            Memcached = [.. Memcached.Select(static proxy => proxy.Host)],
            Datastore = Datastore.Host,
            Records = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"worker-{_slot}-{incarnation}.txt")),
        };
        _records.Add((settings.Records, settings.Process));
        _child = await ChildProgram.StartAsync(_onLine, _command, settings.ToString());
    }

    /// <summary>Kills the process in the middle of what it does, and starts another one.</summary>
    public async Task ReplaceAsync()
    {
        await _child!.DisposeAsync();
        await StartAsync();
    }

    public Task StopAsync() => _child!.StopAsync();

    public async ValueTask DisposeAsync()
    {
        if (_child is { } child)
        {
            await child.DisposeAsync();
        }

        foreach (FaultProxy proxy in (FaultProxy[])[.. Memcached, Datastore])
        {
            await proxy.DisposeAsync();
        }
    }
}
