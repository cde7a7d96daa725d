using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using CascadeCache.Emulators;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Tests.Diagnostics;

/// <summary>A cache on both emulators, with ears for its metrics, spans and log messages, and for no other cache's.</summary>
internal sealed class TelemetryRig : IAsyncDisposable
{
    private readonly ServiceProvider _metrics = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _meters = new();
    private readonly ConcurrentDictionary<string, long> _measured = new();
    private readonly Dictionary<string, Instrument> _instruments = [];

    private TelemetryRig(MemcachedEmulator memcached, DatastoreEmulator datastore)
    {
        (Memcached, Datastore) = (memcached, datastore);
        var factory = _metrics.GetRequiredService<IMeterFactory>();
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "CascadeCache" && instrument.Meter.Scope == factory)
            {
                _instruments[instrument.Name] = instrument;
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _measured[SeriesOf(instrument, tags)] = value);
        _meters.Start();

        var options = new CascadeCacheOptions { KeyPrefix = "t.", MaxMemcacheSessionSizeBytes = 1000 };
        options.Memcache.Servers.Add(memcached.Host);
        options.Datastore.EmulatorHost = datastore.Host;
        options.Datastore.ProjectId = "telemetry";
        options.Resilience.Datastore.RetryBaseDelay = options.Resilience.Datastore.RetryMaxDelay = TimeSpan.FromMilliseconds(1);
        Cache = new CascadeDistributedCache(options, Log, meterFactory: factory);
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public MemcachedEmulator Memcached { get; }

    public DatastoreEmulator Datastore { get; }

    public CascadeDistributedCache Cache { get; }

    public TextLog Log { get; } = new();

    public IReadOnlyDictionary<string, Instrument> Instruments => _instruments;

    public static async Task<TelemetryRig> StartAsync()
    {
        // Long enough up for the cache to trust that no lock was lost in a restart.
        var memcached = await MemcachedEmulator.StartAsync(new MemcachedEmulatorOptions { InitialUptime = TimeSpan.FromDays(1) }, Token);
        return new TelemetryRig(memcached, await DatastoreEmulator.StartAsync(cancellationToken: Token));
    }

    /// <summary>Every series that is not 0, as <c>name[tag=value,...]</c>.</summary>
    public Dictionary<string, long> Measure()
    {
        _meters.RecordObservableInstruments();
        return _measured.Where(static pair => pair.Value != 0).ToDictionary();
    }

    /// <summary>What an operation adds to the series.</summary>
    public async Task<string[]> ChangesAsync(Func<Task> operation)
    {
        Dictionary<string, long> before = Measure();
        await operation();
        await Cache.Parts.Background.WhenIdleAsync();
        return [.. Measure()
            .Select(pair => (pair.Key, By: pair.Value - before.GetValueOrDefault(pair.Key)))
            .Where(static change => change.By != 0)
            .Select(static change => $"{change.Key} +{change.By}")
            .Order(StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync()
    {
        await Cache.DisposeAsync();
        _meters.Dispose();
        await Memcached.DisposeAsync();
        await Datastore.DisposeAsync();
        await _metrics.DisposeAsync();
    }

    private static string SeriesOf(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        IEnumerable<string> texts = tags.ToArray().Select(static tag => $"{tag.Key.Replace("cascadecache.", "", StringComparison.Ordinal)}={tag.Value}");
        return $"{instrument.Name.Replace("cascadecache.", "", StringComparison.Ordinal)}[{string.Join(',', texts)}]";
    }
}

/// <summary>Keeps every message of every level, with its parts and its exception, as text.</summary>
internal sealed class TextLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        _lines.Enqueue($"scope {state}");
        return null;
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        string parts = state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(' ', pairs) : $"{state}";
        _lines.Enqueue($"{eventId} {formatter(state, exception)} {parts} {exception}");
    }

    public void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>The spans of one test: those beneath a root of its own.</summary>
internal sealed class SpanLog : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly Activity _root = new Activity("test").SetIdFormat(ActivityIdFormat.W3C);
    private readonly ActivityListener _listener;

    public SpanLog()
    {
        _root.Start();
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "CascadeCache",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == _root.TraceId)
                {
                    _ended.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyCollection<Activity> Ended => _ended;

    public void Dispose()
    {
        _listener.Dispose();
        _root.Dispose();
    }
}
