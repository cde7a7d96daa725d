using System.Globalization;
using System.Text;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.Values;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.TestKit.Fakes;

/// <summary>A small world: one clock that the test moves, one server, one store, and processes that share them.</summary>
internal sealed class FlowFixture : IAsyncDisposable
{
    private readonly List<FlowProcess> _processes = [];
    private int _lastWriter;

    public FlowFixture()
        : this(new FakeTimeProvider(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero)))
    {
    }

    public FlowFixture(TimeProvider clock)
    {
        Clock = clock;
        Server = new FakeVolatileServer(clock);
        Durable = new FakeDurableTier();
    }

    public TimeProvider Clock { get; }

    /// <summary>The clock, if it is the usual one.</summary>
    public FakeTimeProvider Time => (FakeTimeProvider)Clock;

    public FakeVolatileServer Server { get; }

    public FakeDurableTier Durable { get; }

    /// <summary>Where encoded and decoded values are, of all processes.</summary>
    public WatchedPool Pool { get; } = new();

    public CacheKey Key { get; } = new("session.abc");

    public long Now => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Another process with a cache of both tiers.</summary>
    public FlowProcess Start(Action<CascadeCacheOptions>? configure = null, CascadeBackends backends = CascadeBackends.Distributed, TaskScheduler? scheduler = null)
    {
        var options = new CascadeCacheOptions { Backends = backends };
        configure?.Invoke(options);
        return Start(new FlowSettings(options, Durable.WriteDeadline), backends, scheduler);
    }

    public FlowProcess Start(FlowSettings settings, CascadeBackends backends = CascadeBackends.Distributed, TaskScheduler? scheduler = null)
    {
        var process = new FlowProcess(this, settings, backends, NewWriterId, scheduler);
        _processes.Add(process);
        return process;
    }

    public FakeVolatileServer.StoredItem? Stored => Server.Peek(Encoding.ASCII.GetString(Key.VolatileName.Span));

    public EntryKind? StoredKind => Stored is { } item ? (item.Bytes.Length == 0 ? EntryKind.None : EntryFlags.KindOf(item.Flags)) : null;

    public Entry StoredEntry() =>
        Stored is { } item && EntryFormat.TryRead(item.Bytes, Key.Fingerprint, out Entry entry) ? entry : throw new InvalidOperationException("No entry is stored.");

    public async ValueTask DisposeAsync()
    {
        foreach (FlowProcess process in _processes)
        {
            await process.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The id of the next writer; numbers in order, unless a test wants others.</summary>
    public Func<Guid>? WriterIds { get; set; }

    private Guid NewWriterId() => WriterIds is { } ids ? ids() : new(Interlocked.Increment(ref _lastWriter), 0, 0, new byte[8]);
}

/// <summary>One process: its own way to the server, its own flow, its own counters.</summary>
internal sealed class FlowProcess : IAsyncDisposable
{
    private readonly FlowFixture _world;

    public FlowProcess(FlowFixture world, FlowSettings settings, CascadeBackends backends, Func<Guid> newWriterId, TaskScheduler? scheduler = null)
    {
        _world = world;
        Tier = new FakeVolatileTier(world.Server);
        Settings = settings;
        Services = new FlowServices(Settings, world.Clock, newWriterId, Counters, Log) { Codec = new ValueCodec(settings.CompressionThresholdBytes, world.Pool) };
        Background = new BackgroundWork(Counters, Log, scheduler);
        Flow = backends switch
        {
            CascadeBackends.Memcache => new VolatileOnlyFlow(Services, Tier, Background),
            CascadeBackends.Datastore => new DurableOnlyFlow(Services, world.Durable, Background),
            _ => new CascadeFlow(Services, Tier, world.Durable, Background),
        };
    }

    public FakeVolatileTier Tier { get; }

    public FlowSettings Settings { get; }

    public FlowServices Services { get; }

    public BackgroundWork Background { get; }

    public ICacheFlow Flow { get; }

    public CacheCounters Counters { get; } = new();

    public LogIds Log { get; } = new();

    public Task SetAsync(string value, EntryLifetime? lifetime = null) =>
        Flow.SetAsync(_world.Key, Encoding.UTF8.GetBytes(value), lifetime ?? Hour, CallContext.Async(CancellationToken.None)).AsTask();

    public Task RemoveAsync() => Flow.RemoveAsync(_world.Key, CallContext.Async(CancellationToken.None)).AsTask();

    public Task RefreshAsync() => Flow.RefreshAsync(_world.Key, CallContext.Async(CancellationToken.None)).AsTask();

    /// <summary>The value; null for none. Waits for the background work that the read started.</summary>
    public async Task<string?> GetAsync(bool settle = true)
    {
        string? value;
        using (FoundValue found = await Flow.GetAsync(_world.Key, CallContext.Async(CancellationToken.None)).ConfigureAwait(false))
        {
            value = found.Exists ? Encoding.UTF8.GetString(found.Payload.Span) : null;
        }

        if (settle)
        {
            await Background.WhenIdleAsync().ConfigureAwait(false);
        }

        return value;
    }

    public long Count(Counter counter) => Counters.Get(counter);

    /// <summary>An hour from now, without sliding.</summary>
    public EntryLifetime Hour => new(_world.Now + 3_600_000, 0);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"process with {Tier.OpenReads} open reads");

    public ValueTask DisposeAsync() => ((IAsyncDisposable)Flow).DisposeAsync();
}
