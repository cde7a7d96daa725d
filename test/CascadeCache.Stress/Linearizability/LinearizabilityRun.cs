using System.Globalization;
using CascadeCache.TestKit.Histories;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Stress.Linearizability;

/// <summary>
/// One run: real memcached servers, a Datastore emulator and worker processes, a proxy on every way between them, faults, and at the end the question for each key
/// whether what its callers saw can have happened.
/// </summary>
internal sealed class LinearizabilityRun : IAsyncDisposable
{
    private const int MemcachedServers = 3;
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(1);
    private static readonly string[] Tiny = ["-m", "2"];

    private readonly RunOptions _options;
    private readonly string _folder;
    private readonly RunTally _tally = new();
    private readonly List<RealMemcached> _memcached = [];
    private readonly List<WorkerPlace> _workers = [];
    private EmulatorProcess? _datastore;

    private LinearizabilityRun(RunOptions options, string folder) => (_options, _folder) = (options, folder);

    /// <summary>Runs, prints the report, and returns the exit code.</summary>
    public static async Task<int> RunAsync(RunOptions options, TextWriter output, CancellationToken ending)
    {
        string folder = Directory.CreateTempSubdirectory("cascade-stress-").FullName;
        try
        {
            RunReport report;
            await using (var run = new LinearizabilityRun(options, folder))
            {
                report = await run.RunAsync(ending);
            }

            await report.WriteAsync(output);
            return report.IsGood ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (WorkerPlace worker in _workers)
        {
            await worker.DisposeAsync();
        }

        if (_datastore is not null)
        {
            await _datastore.DisposeAsync();
        }

        foreach (RealMemcached server in _memcached)
        {
            await server.DisposeAsync();
        }
    }

    private async Task<RunReport> RunAsync(CancellationToken ending)
    {
        await StartAsync();
        using var neighbourStopping = new CancellationTokenSource();
        Task neighbour = _options.Faults.Contains(FaultKind.Evict) ? Neighbour.RunAsync(_memcached[0], neighbourStopping.Token) : Task.CompletedTask;
        long started = TimeProvider.System.GetTimestamp();
        TimeSpan warmUp = _options.IsBroken ? TimeSpan.Zero : Scale.WarmUp; // the naive cache knows of no age
        await Task.Delay(warmUp, TimeProvider.System, ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        using var plan = new FaultPlan(_options, _memcached, _datastore!, _workers);
        using (var faultsStopping = CancellationTokenSource.CreateLinkedTokenSource(ending))
        {
            faultsStopping.CancelAfter(TimeSpan.FromSeconds(_options.Seconds));
            Task faults = plan.RunAsync(faultsStopping.Token);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, faultsStopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await faults;
        }

        await Task.Delay(Afterwards, TimeProvider.System, CancellationToken.None);
        await Task.WhenAll(_workers.Select(static worker => worker.StopAsync()));
        TimeSpan length = TimeProvider.System.GetElapsedTime(started);
        await neighbourStopping.CancelAsync();
        await neighbour;
        await _datastore!.StopAsync();
        return new RunReport(_options, length, Check(), plan.Counts, _tally, [.. await Task.WhenAll(_memcached.Select(EvictionsOf))]);
    }

    private async Task StartAsync()
    {
        for (int i = 0; i < MemcachedServers; i++)
        {
            _memcached.Add(await RealMemcached.StartAsync(i == 0 && _options.Faults.Contains(FaultKind.Evict) ? Tiny : []));
        }

        _datastore = await EmulatorProcess.StartAsync(Path.Combine(_folder, "datastore.db"), _options.Seed, _tally.Take);
        for (int slot = 1; slot <= _options.Workers; slot++)
        {
            _workers.Add(new WorkerPlace(_options, WorkerCommand.Name, slot, _memcached.Select(static server => server.Port), _datastore.Port, _folder, _tally.Take));
        }

        await Task.WhenAll(_workers.Select(static worker => worker.StartAsync()));
    }

    private CheckedHistory Check()
    {
        var history = new RecordedHistory();
        foreach ((string path, int process) in _workers.SelectMany(static worker => worker.Records).Where(static record => File.Exists(record.Path)))
        {
            history.Add(path, process);
        }

        return CheckedHistory.Of(history, _options.Consistency);
    }

    /// <summary>What a server has evicted since its last start; locks and placeholders apart.</summary>
    private static async Task<string> EvictionsOf(RealMemcached server)
    {
        const int SmallChunk = 400; // a value of a run takes more, a lock of ten writers less
        Dictionary<string, long> items = Numbers(await server.AskAsync("stats items\r\n", "END\r\n"));
        Dictionary<string, long> slabs = Numbers(await server.AskAsync("stats slabs\r\n", "END\r\n"));
        (long small, long large) = (0, 0);
        foreach ((string name, long evicted) in items.Where(static item => item.Key.EndsWith(":evicted", StringComparison.Ordinal)))
        {
            bool isSmall = slabs.GetValueOrDefault(name.Split(':')[1] + ":chunk_size") <= SmallChunk;
            (small, large) = isSmall ? (small + evicted, large) : (small, large + evicted);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{large} values evicted, {small} in the classes of locks and placeholders");
    }

    private static Dictionary<string, long> Numbers(string stats) => stats
        .Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
        .Select(static line => line.Split(' '))
        .Where(static words => words.Length == 3 && long.TryParse(words[2], CultureInfo.InvariantCulture, out _))
        .ToDictionary(static words => words[1], static words => long.Parse(words[2], CultureInfo.InvariantCulture), StringComparer.Ordinal);
}
