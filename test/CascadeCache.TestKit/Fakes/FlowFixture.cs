using System.Globalization;
using System.Text;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.TestKit.Fakes;

/// <summary>A small world: one clock that the test moves, one server, one store, and processes that share them.</summary>
internal sealed class FlowFixture : IAsyncDisposable
{
    private readonly List<FlowProcess> _processes = [];
    private int _lastWriter;

    public FlowFixture()
    {
        Time = new FakeTimeProvider(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));
        Server = new FakeVolatileServer(Time);
        Durable = new FakeDurableTier();
    }

    public FakeTimeProvider Time { get; }

    public FakeVolatileServer Server { get; }

    public FakeDurableTier Durable { get; }

    public CacheKey Key { get; } = new("session.abc");

    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Another process with a cache of both tiers.</summary>
    public FlowProcess Start(Action<CascadeCacheOptions>? configure = null, CascadeBackends backends = CascadeBackends.Distributed)
    {
        var options = new CascadeCacheOptions { Backends = backends };
        configure?.Invoke(options);
        var process = new FlowProcess(this, options, NewWriterId);
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

    private Guid NewWriterId() => new(Interlocked.Increment(ref _lastWriter), 0, 0, new byte[8]);
}

/// <summary>One process: its own way to the server, its own flow, its own counters.</summary>
internal sealed class FlowProcess : IAsyncDisposable
{
    private readonly FlowFixture _world;

    public FlowProcess(FlowFixture world, CascadeCacheOptions options, Func<Guid> newWriterId)
    {
        _world = world;
        Tier = new FakeVolatileTier(world.Server);
        Settings = new FlowSettings(options, world.Durable.WriteDeadline);
        Services = new FlowServices(Settings, world.Time, newWriterId, Counters, Log);
        Background = new BackgroundWork(Counters, Log);
        Flow = options.Backends switch
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
